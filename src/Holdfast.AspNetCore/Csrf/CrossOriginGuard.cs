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

/// <summary>What a request still needs so that it is not another site's.</summary>
internal enum CsrfNeed
{
    /// <summary>Nothing.</summary>
    Nothing = 0,

    /// <summary>The CSRF token of its session, or of the page that was looked at before sign-in.</summary>
    Token = 1,

    /// <summary>Nothing helps: a page of another origin sent it.</summary>
    Foreign = 2,

    /// <summary>Nothing helps: it does not say where it comes from, and the settings ask for that.</summary>
    Unsaid = 3,
}

/// <summary>A request as CSRF protection sees it.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Upgrades">Whether it opens a WebSocket.</param>
/// <param name="Kind">How its credential came.</param>
/// <param name="FetchSite"><c>Sec-Fetch-Site</c>; null without it.</param>
/// <param name="Origin"><c>Origin</c>; null without it.</param>
/// <param name="Host">The host and port that it was sent to.</param>
internal readonly record struct GuardedRequest(string Method, bool Upgrades, CredentialKind Kind, string? FetchSite, string? Origin, HostString Host);

/// <summary>Fetch metadata first, then Origin; pure functions.</summary>
internal static class CrossOriginGuard
{
    /// <summary>What this request needs.</summary>
    public static CsrfNeed Judge(GuardedRequest request, IEnumerable<string> trustedOrigins, bool requireFetchMetadata)
    {
        if ((IsSafe(request.Method) && !request.Upgrades) || request.Kind == CredentialKind.Bearer)
        {
            return CsrfNeed.Nothing;
        }

        return Judge(request.FetchSite, request.Origin, request.Host, trustedOrigins) switch
        {
            Provenance.Foreign when request.Kind != CredentialKind.None || !request.Upgrades => CsrfNeed.Foreign,

            // Pages cannot add a token to a WebSocket's handshake; the browser's word of who opens it is what there is.
            _ when request.Upgrades => CsrfNeed.Nothing,
            Provenance.NotABrowser when request.Kind == CredentialKind.None => CsrfNeed.Nothing,
            Provenance.NotABrowser when requireFetchMetadata => CsrfNeed.Unsaid,
            _ => CsrfNeed.Token,
        };
    }

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
