using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace Holdfast.AspNetCore;

/// <summary>Between sessions and principals.</summary>
internal static class Principals
{
    // Which claims of an identity are its name and its roles, where the application chose others than the framework's.
    private const string NameType = "holdfast_name_type";
    private const string RoleType = "holdfast_role_type";

    public static string SubjectOf(ClaimsPrincipal user) =>
        user.FindFirst(ClaimTypes.NameIdentifier)?.Value is { Length: > 0 } id ? id
        : user.FindFirst("sub")?.Value is { Length: > 0 } sub ? sub
        : throw new InvalidOperationException("The principal has no ClaimTypes.NameIdentifier or \"sub\" claim, so its session would belong to nobody.");

    public static ImmutableArray<SessionClaim> ClaimsOf(ClaimsPrincipal user) =>
        [.. user.Claims.Select(claim => new SessionClaim(claim.Type, claim.Value)).Distinct(), .. ClaimTypesOf(user)];

    /// <summary>
    /// The principal that a checked credential proves. With an access token it knows what the token says and nothing else, as it would
    /// anywhere the token is verified.
    /// </summary>
    public static ClaimsPrincipal Of(SessionCheck live, string scheme) => new(IdentityOf(live, scheme));

    /// <summary>Its identity.</summary>
    public static ClaimsIdentity IdentityOf(SessionCheck live, string scheme)
    {
        var identity = new ClaimsIdentity(scheme, ValueOf(live, NameType), ValueOf(live, RoleType));
        var (hasSubject, hasSid) = (false, false);
        foreach (var claim in live.Claims)
        {
            if (!IsOurs(claim.Type))
            {
                (hasSubject, hasSid) = (hasSubject || claim.Type == ClaimTypes.NameIdentifier, hasSid || claim.Type == "sid");
                identity.AddClaim(new Claim(claim.Type, claim.Value));
            }
        }

        AddAssurance(identity, live.Assurance);
        var sid = live.Handle.ToString();
        if (!hasSubject)
        {
            identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, live.Subject!));
        }

        if (!hasSid)
        {
            identity.AddClaim(new Claim("sid", sid));
        }

        identity.AddClaim(new Claim(HoldfastDefaults.SessionClaim, sid));
        return identity;
    }

    /// <summary>The same with what the framework wants to know of its ticket: from when and until when, as far as the credential says.</summary>
    public static AuthenticationTicket TicketOf(SessionCheck live, ClaimsPrincipal principal, string scheme) => new(
        principal,
        new AuthenticationProperties
        {
            IssuedUtc = live.Session?.CreatedAt,
            ExpiresUtc = live.Session is { } session ? SessionPolicy.EndsAt(session) : live.Token?.ExpiresAt,
            IsPersistent = live.Session?.Remembered ?? false,
        },
        scheme);

    /// <summary>When an identity provider saw the proof (OpenID Connect Core, section 2); null if the principal does not say.</summary>
    public static DateTimeOffset? AuthTimeOf(ClaimsPrincipal user) =>
        long.TryParse(user.FindFirst("auth_time")?.Value, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 253402300000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>Whether a principal is this subject.</summary>
    public static bool IsOf(ClaimsPrincipal user, string subject) =>
        user.HasClaim(claim => claim.Type is ClaimTypes.NameIdentifier or "sub" && claim.Value == subject);

    private static IEnumerable<SessionClaim> ClaimTypesOf(ClaimsPrincipal user)
    {
        if (user.Identity is not ClaimsIdentity identity)
        {
            yield break;
        }

        if (identity.NameClaimType != ClaimsIdentity.DefaultNameClaimType)
        {
            yield return new SessionClaim(NameType, identity.NameClaimType);
        }

        if (identity.RoleClaimType != ClaimsIdentity.DefaultRoleClaimType)
        {
            yield return new SessionClaim(RoleType, identity.RoleClaimType);
        }
    }

    private static string? ValueOf(SessionCheck live, string type)
    {
        foreach (var claim in live.Claims)
        {
            if (claim.Type == type)
            {
                return claim.Value;
            }
        }

        return null;
    }

    private static bool IsOurs(string type) => type is "acr" or "amr" or "auth_time" or NameType or RoleType or HoldfastDefaults.SessionClaim;

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
