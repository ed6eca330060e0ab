using System.Globalization;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Authorization;

/// <summary>What a new proof must be like: the challenge of RFC 9470, section 3.</summary>
/// <param name="MaxAge">How old it may be; null if its age does not matter.</param>
/// <param name="AcrValues">The levels of which it must reach one; empty if the level does not matter.</param>
internal sealed record StepUpChallenge(TimeSpan? MaxAge, IReadOnlyList<string> AcrValues)
{
    /// <summary>The challenge that would meet all of these at once.</summary>
    public static StepUpChallenge For(IEnumerable<StepUpRequirement> requirements)
    {
        var all = requirements.ToArray();
        var ages = all.OfType<FreshSessionRequirement>().Select(fresh => fresh.MaxAge).ToArray();
        return new StepUpChallenge(
            ages.Length == 0 ? null : ages.Min(), [.. all.OfType<AssuranceRequirement>().SelectMany(level => level.AcrValues).Distinct()]);
    }

    public string ToHeader() => "Bearer error=\"insufficient_user_authentication\""
        + (AcrValues.Count == 0 ? "" : $", acr_values=\"{string.Join(' ', AcrValues)}\"")
        + (MaxAge is { } age ? $", max_age=\"{Seconds(age)}\"" : "");

    /// <summary>What the page that asks for the proof is told.</summary>
    public IEnumerable<KeyValuePair<string, string?>> ToQuery()
    {
        if (AcrValues.Count > 0)
        {
            yield return KeyValuePair.Create<string, string?>("acr_values", string.Join(' ', AcrValues));
        }

        if (MaxAge is { } age)
        {
            yield return KeyValuePair.Create<string, string?>("max_age", Seconds(age));
        }
    }

    public Task WriteAsync(HttpContext context)
    {
        context.Features.Set(this);
        return Problems.WriteAsync(context, Reasons.ReauthenticationRequired, "This needs a new proof of the user: sign in again, or step up, as WWW-Authenticate says.");
    }

    /// <summary>True if the last proof is recent enough; otherwise the challenge has been written.</summary>
    public static async ValueTask<bool> EnsureRecentAsync(HttpContext context, RequestSession request, HoldfastOptions options)
    {
        if (SessionPolicy.IsFresh(request.Assurance, request.Now, options.RecentSignIn))
        {
            return true;
        }

        await new StepUpChallenge(options.RecentSignIn, []).WriteAsync(context);
        return false;
    }

    private static string Seconds(TimeSpan age) => ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// Where nothing but a new proof is missing, the scheme that forbids is told what kind of proof: it challenges then, instead of
/// refusing for good.
/// </summary>
internal sealed class StepUpResults : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _stock = new();

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult is { Forbidden: true, AuthorizationFailure: { FailCalled: false } failure }
            && failure.FailedRequirements.ToArray() is { Length: > 0 } missing && Array.TrueForAll(missing, one => one is StepUpRequirement))
        {
            // All that the endpoint asks for, so that one new proof is enough.
            context.Features.Set(StepUpChallenge.For(policy.Requirements.OfType<StepUpRequirement>()));
        }

        return _stock.HandleAsync(next, context, policy, authorizeResult);
    }
}
