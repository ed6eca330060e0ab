using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>Where a request came from, by what the browser says of it and no page can change.</summary>
internal enum Provenance
{
    /// <summary>Our own pages, or the user: the address bar, a bookmark.</summary>
    Own = 0,

    /// <summary>A page of an origin that the configuration trusts.</summary>
    Trusted = 1,

    /// <summary>Neither header came: not a browser of these years.</summary>
    NotABrowser = 2,

    /// <summary>A page of another origin; another port and another subdomain are that, too.</summary>
    Foreign = 3,
}

/// <summary>Fetch metadata first, then Origin; a pure function.</summary>
internal static class CrossOriginGuard
{
    public static Provenance Judge(string? fetchSite, string? origin, HostString host, IEnumerable<string> trustedOrigins)
    {
        // "null" is what sandboxed frames and privacy redirects send: nobody's origin, so nobody can trust it.
        var trusted = origin is not (null or "null") && trustedOrigins.Contains(origin, StringComparer.Ordinal);
        return (fetchSite, origin) switch
        {
            ("same-origin" or "none", _) => Provenance.Own,
            (null, null) => Provenance.NotABrowser,
            (null, _) when Origins.IsOwn(origin, host) => Provenance.Own,
            _ => trusted ? Provenance.Trusted : Provenance.Foreign,
        };
    }

    /// <summary>Methods that must change nothing, and therefore need no protection.</summary>
    public static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
}
