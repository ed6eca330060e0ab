using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Authorization;

/// <summary>A requirement that a new proof of the user can meet.</summary>
public abstract class StepUpRequirement : IAuthorizationRequirement
{
    private protected StepUpRequirement()
    {
    }

    /// <summary>Whether what is proven now is enough. A pure function.</summary>
    internal abstract bool IsMet(Assurance assurance, DateTimeOffset now);
}

/// <summary>The last sign-in or step-up is at most so old (RFC 9470, section 4).</summary>
public sealed class FreshSessionRequirement : StepUpRequirement
{
    /// <summary>Between one second and one day.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The age is outside that.</exception>
    public FreshSessionRequirement(TimeSpan maxAge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxAge, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxAge, TimeSpan.FromDays(1));
        MaxAge = maxAge;
    }

    /// <summary>How old it may be.</summary>
    public TimeSpan MaxAge { get; }

    internal override bool IsMet(Assurance assurance, DateTimeOffset now) => SessionPolicy.IsFresh(assurance, now, MaxAge);
}

/// <summary>The assurance level now is one of these.</summary>
public sealed class AssuranceRequirement : StepUpRequirement
{
    /// <summary>At least one value, in the application's words, best first.</summary>
    /// <exception cref="ArgumentException">None was given, or one could not stand in a header.</exception>
    public AssuranceRequirement(params string[] acrValues)
    {
        if (acrValues.Length == 0 || acrValues.Any(value => value.Length == 0 || value.Any(sign => sign is <= ' ' or '"' or '\\' or > '~')))
        {
            throw new ArgumentException("Name at least one acr value; each of printable ASCII without blanks, quotes and backslashes.", nameof(acrValues));
        }

        AcrValues = [.. acrValues];
    }

    /// <summary>The values that are accepted.</summary>
    public IReadOnlyList<string> AcrValues { get; }

    internal override bool IsMet(Assurance assurance, DateTimeOffset now) => assurance.Acr is { } acr && AcrValues.Contains(acr, StringComparer.Ordinal);
}

/// <summary>
/// Judges step-up requirements by the session of this request, never by claims of the principal: those could be another scheme's.
/// </summary>
internal sealed class StepUpAuthorization(IServiceProvider services) : AuthorizationHandler<StepUpRequirement>
{
    // An accessor costs every request something: it is used where the application has one, and not asked for.
    private readonly IHttpContextAccessor? _accessor = services.GetService<IHttpContextAccessor>();

    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, StepUpRequirement requirement)
    {
        if (RequestOf(context.Resource) is not { } http)
        {
            return;
        }

        var request = await RequestSession.OfAsync(http);
        if (request.Live is { Subject: { } subject } && Principals.IsOf(context.User, subject) && requirement.IsMet(request.Assurance, request.Now))
        {
            context.Succeed(requirement);
        }
    }

    // What the framework hands over: the request for endpoints, a filter's context for controllers, a call for hubs.
    private HttpContext? RequestOf(object? resource) => resource switch
    {
        HttpContext context => context,
        FilterContext filter => filter.HttpContext,
        HubInvocationContext call => call.Context.GetHttpContext(),
        _ => _accessor?.HttpContext,
    };
}
