using System.Net;

namespace Holdfast.AspNetCore;

/// <summary>The settings of the web side. Section <c>Holdfast</c>, as the engine's.</summary>
public sealed class HoldfastWebOptions
{
    /// <summary>
    /// Other origins whose pages may send state-changing requests with our cookies: exact <c>scheme://host[:port]</c>, https unless on
    /// loopback. Default: none.
    /// </summary>
    public IList<string> TrustedOrigins { get; } = [];

    /// <summary>
    /// Accepts credentials over plain HTTP from other machines. Default: false. A TLS proxy in front needs forwarded headers, not this.
    /// </summary>
    public bool AllowInsecureHttp { get; set; }

    /// <summary>
    /// <c>lax</c>: the session cookie comes along when the user follows a link to us; <c>strict</c>: only from our own pages.
    /// Default: lax. There is no <c>none</c>.
    /// </summary>
    public CookieSameSite SameSite { get; set; } = CookieSameSite.Lax;

    /// <summary>
    /// Refuses state-changing requests that carry a cookie and neither <c>Sec-Fetch-Site</c> nor <c>Origin</c>, which no current browser
    /// sends. Default: false: such a request needs the token only.
    /// </summary>
    public bool RequireFetchMetadata { get; set; }

    /// <summary>Logs what CSRF protection would refuse, and refuses nothing: for its introduction. Default: false.</summary>
    public bool CsrfReportOnly { get; set; }

    /// <summary>Requests a minute from one address, in bursts of a tenth of that. 0 for no limit; default 6000.</summary>
    public int RequestsPerMinutePerAddress { get; set; } = 6000;

    /// <summary>Requests a minute with one session, in bursts of a tenth of that. 0 for no limit; default 1200.</summary>
    public int RequestsPerMinutePerSession { get; set; } = 1200;

    /// <summary>
    /// Where an address is, in words that its user recognises; null for one that is not known. Asked once at each sign-in. Default: null,
    /// places are not looked up.
    /// </summary>
    public Func<IPAddress, string?>? PlaceOf { get; set; }

    /// <summary>Every broken rule, each naming the setting, its value and what is allowed.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (var origin in TrustedOrigins.Where(origin => !Csrf.Origins.IsExact(origin)))
        {
            yield return $"TrustedOrigins contains '{origin}': an origin is exactly scheme://host[:port], https unless on loopback, without path, query or wildcard.";
        }

        if (!Enum.IsDefined(SameSite))
        {
            yield return $"SameSite is {(int)SameSite}: lax or strict.";
        }

        if (RequestsPerMinutePerAddress is < 0 or > 1_000_000)
        {
            yield return $"RequestsPerMinutePerAddress is {RequestsPerMinutePerAddress}: 0 to 1000000.";
        }

        if (RequestsPerMinutePerSession is < 0 or > 1_000_000)
        {
            yield return $"RequestsPerMinutePerSession is {RequestsPerMinutePerSession}: 0 to 1000000.";
        }
    }
}

/// <summary>When the browser sends the session cookie along with requests that other sites started.</summary>
public enum CookieSameSite
{
    /// <summary>When the user follows a link to us.</summary>
    Lax = 0,

    /// <summary>Never.</summary>
    Strict = 1,
}
