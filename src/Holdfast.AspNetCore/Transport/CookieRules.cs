using System.Globalization;
using System.Text;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Holdfast.AspNetCore.Transport;

/// <summary>
/// Writes and deletes our cookies: always HttpOnly, Secure and SameSite, never with a Domain, kept by the browser only if the user
/// asked to be remembered, and never longer than the session.
/// </summary>
internal static class CookieRules
{
    // RFC 6265bis, section 5.6: a browser drops what is longer, without a word.
    private const int MaxNameAndValue = 4096;

    /// <summary>
    /// The cookies that carry what the holder of a session receives; none if it holds its tokens itself. After a step-up the refresh token
    /// stays as it is.
    /// </summary>
    public static IEnumerable<CookieLine> Of(Session session, Credentials credentials, DateTimeOffset now, string authPath, CookieSameSite sameSite)
    {
        if (credentials.Cookie is { } cookie)
        {
            yield return OfSession(session, cookie, now, sameSite);
        }
        else if (session.Transport == SessionTransport.TokenCookies)
        {
            // Kept beyond its token's own end: a browser that dropped it would look like a visitor, and nobody could tell it to refresh.
            yield return Line(CookieNames.AccessToken, credentials.AccessToken!.Text.Reveal(), "/", SessionPolicy.EndsAt(session) - now, sameSite);
            if (credentials.RefreshToken is { } refresh)
            {
                yield return Line(CookieNames.RefreshToken, refresh.Reveal(), authPath, credentials.RefreshExpiresAt - now, sameSite);
            }
        }
    }

    /// <summary>The session cookie.</summary>
    public static CookieLine OfSession(Session session, CredentialText cookie, DateTimeOffset now, CookieSameSite sameSite) => Line(
        session.IsAnonymous ? CookieNames.Anonymous : CookieNames.Session, cookie.Reveal(), "/", session.Remembered ? session.ExpiresAt - now : null, sameSite);

    /// <summary>
    /// Writes what the holder of a session receives. Whatever else of ours the browser still holds belongs to a session of the past, and
    /// goes: the session cookie comes before the access token, so a dead one would hide a live session.
    /// </summary>
    public static void AppendCredentials(HttpContext context, Session session, Credentials credentials, DateTimeOffset now)
    {
        CookieLine[] lines = [.. Of(session, credentials, now, AuthPath(context), SameSite(context))];
        foreach (var line in lines)
        {
            Append(context, line);
        }

        if (session.IsAnonymous || lines.Length == 0)
        {
            return;
        }

        // The refresh token does not travel to sign-in pages; it lies where the access token does.
        var cookies = new CookieReader(context.Request.Headers);
        string[] others = credentials.Cookie is null ? [CookieNames.Session, CookieNames.Anonymous] : [CookieNames.Anonymous, CookieNames.AccessToken, CookieNames.RefreshToken];
        foreach (var name in others.Where(name => cookies.Has(name == CookieNames.RefreshToken ? CookieNames.AccessToken : name)))
        {
            Delete(context, name);
        }
    }

    /// <summary>Writes the renewed session cookie.</summary>
    public static void AppendSession(HttpContext context, Session session, CredentialText cookie, DateTimeOffset now)
    {
        Append(context, OfSession(session, cookie, now, SameSite(context)));
        DropAnonymous(context, session);
    }

    /// <summary>Deletes every cookie of ours.</summary>
    public static void DeleteAll(HttpContext context)
    {
        foreach (var name in CookieNames.OfSessions)
        {
            Delete(context, name);
        }
    }

    /// <summary>Writes one cookie; the last writer of a name in a response wins.</summary>
    public static void Append(HttpContext context, string name, string value, string path, TimeSpan? maxAge) =>
        Append(context, Line(name, value, path, maxAge, SameSite(context)));

    private static void Append(HttpContext context, CookieLine line)
    {
        var others = context.Response.Headers.SetCookie.Where(other => other?.StartsWith(line.Name + "=", StringComparison.Ordinal) != true);
        context.Response.Headers.SetCookie = new StringValues([.. others, line.Header]);
    }

    private static CookieLine Line(string name, string value, string path, TimeSpan? maxAge, CookieSameSite sameSite)
    {
        if (name.Length + value.Length > MaxNameAndValue)
        {
            throw new InvalidOperationException(
                $"The cookie {name} would take {name.Length + value.Length} bytes, and browsers drop those above {MaxNameAndValue}. Put fewer claims into AccessTokenClaims.");
        }

        var header = new StringBuilder($"{name}={value}; path={path}; secure; httponly; samesite={(sameSite == CookieSameSite.Strict ? "strict" : "lax")}");
        if (maxAge is { } age)
        {
            var seconds = Math.Clamp((long)age.TotalSeconds, 0, (long)TimeSpan.FromDays(400).TotalSeconds);
            header.Append(CultureInfo.InvariantCulture, $"; max-age={seconds}");
        }

        return new CookieLine(name, value, header.ToString());
    }

    private static void DropAnonymous(HttpContext context, Session session)
    {
        if (session is { IsAnonymous: false, Cookie: not null } && new CookieReader(context.Request.Headers).Has(CookieNames.Anonymous))
        {
            Delete(context, CookieNames.Anonymous);
        }
    }

    private static CookieSameSite SameSite(HttpContext context) => context.RequestServices.GetRequiredService<HoldfastWebOptions>().SameSite;

    private static void Delete(HttpContext context, string name) =>
        Append(context, name, "", name == CookieNames.RefreshToken ? AuthPath(context) : "/", TimeSpan.Zero);

    private static string AuthPath(HttpContext context) =>
        context.Request.PathBase + context.RequestServices.GetRequiredService<Endpoints.AuthPath>().Value;
}

/// <summary>A cookie to be sent.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Header">The whole line of <c>Set-Cookie</c>.</param>
internal sealed record CookieLine(string Name, string Value, string Header);
