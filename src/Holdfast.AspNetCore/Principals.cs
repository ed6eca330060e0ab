using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;

namespace Holdfast.AspNetCore;

/// <summary>Between sessions and principals.</summary>
internal static class Principals
{
    public static string SubjectOf(ClaimsPrincipal user) =>
        user.FindFirst(ClaimTypes.NameIdentifier)?.Value is { Length: > 0 } id ? id
        : user.FindFirst("sub")?.Value is { Length: > 0 } sub ? sub
        : throw new InvalidOperationException("The principal has no ClaimTypes.NameIdentifier or \"sub\" claim, so its session would belong to nobody.");

    public static ImmutableArray<SessionClaim> ClaimsOf(ClaimsPrincipal user) =>
        [.. user.Claims.Select(claim => new SessionClaim(claim.Type, claim.Value)).Distinct()];

    /// <summary>
    /// The principal that a checked credential proves. With an access token it knows what the token says and nothing else, as it would
    /// anywhere the token is verified.
    /// </summary>
    public static ClaimsPrincipal? Of(SessionCheck check, string scheme)
    {
        if (check.Refusal != Refusal.None || check.Session is not { Subject: { } subject } session)
        {
            return null;
        }

        var identity = new ClaimsIdentity(scheme);
        foreach (var claim in (check.Token is { } token ? token.Claims : session.Claims).Where(claim => claim.Type is not ("acr" or "amr" or "auth_time" or HoldfastDefaults.SessionClaim)))
        {
            identity.AddClaim(new Claim(claim.Type, claim.Value));
        }

        AddAssurance(identity, check.Token?.Assurance ?? SessionPolicy.AssuranceAt(session, check.Now));

        AddMissing(identity, ClaimTypes.NameIdentifier, subject);
        AddMissing(identity, "sid", session.Handle.ToString());
        AddMissing(identity, HoldfastDefaults.SessionClaim, session.Handle.ToString());
        return new ClaimsPrincipal(identity);
    }

    /// <summary>When an identity provider saw the proof (OpenID Connect Core, section 2); null if the principal does not say.</summary>
    public static DateTimeOffset? AuthTimeOf(ClaimsPrincipal user) =>
        long.TryParse(user.FindFirst("auth_time")?.Value, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 253402300000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>Whether a principal is this subject.</summary>
    public static bool IsOf(ClaimsPrincipal user, string subject) =>
        user.HasClaim(claim => claim.Type is ClaimTypes.NameIdentifier or "sub" && claim.Value == subject);

    // What is proven now, and not what was when these claims were made.
    private static void AddAssurance(ClaimsIdentity identity, Assurance assurance)
    {
        if (assurance.AuthTime is { } authTime)
        {
            identity.AddClaim(new Claim("auth_time", authTime.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64));
        }

        if (assurance.Acr is { } acr)
        {
            identity.AddClaim(new Claim("acr", acr));
        }

        identity.AddClaims(assurance.Amr.Select(method => new Claim("amr", method)));
    }

    /// <summary>Adds a claim unless there is one of its type.</summary>
    public static void AddMissing(ClaimsIdentity identity, string type, string value)
    {
        if (!identity.HasClaim(claim => claim.Type == type))
        {
            identity.AddClaim(new Claim(type, value));
        }
    }
}
