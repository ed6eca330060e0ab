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

    /// <summary>Writes what the holder of a session receives.</summary>
    public static void AppendCredentials(HttpContext context, Session session, Credentials credentials, DateTimeOffset now)
    {
        if (credentials.Cookie is { } cookie)
        {
            AppendSession(context, session, cookie, now);
            return;
        }

        if (session.Transport == SessionTransport.TokenCookies)
        {
            AppendAccessToken(context, credentials.AccessToken!);
            Append(context, CookieNames.RefreshToken, credentials.RefreshToken!.Reveal(), AuthPath(context), credentials.RefreshExpiresAt - now);
        }
    }

    /// <summary>Writes what the holder of a session receives for a step-up. The refresh token, if there is one, stays as it is.</summary>
    public static void AppendStepUp(HttpContext context, Session session, Credentials credentials, DateTimeOffset now)
    {
        if (credentials.Cookie is { } cookie)
        {
            AppendSession(context, session, cookie, now);
        }
        else
        {
            AppendAccessToken(context, credentials.AccessToken!);
        }
    }

    /// <summary>Writes the session cookie. A visitor who signs in keeps no anonymous one.</summary>
    public static void AppendSession(HttpContext context, Session session, CredentialText cookie, DateTimeOffset now)
    {
        var name = session.IsAnonymous ? CookieNames.Anonymous : CookieNames.Session;
        Append(context, name, cookie.Reveal(), "/", session.Remembered ? session.ExpiresAt - now : null);
        if (!session.IsAnonymous && new CookieReader(context.Request.Headers).Has(CookieNames.Anonymous))
        {
            Delete(context, CookieNames.Anonymous, "/");
        }
    }

    /// <summary>Deletes every cookie of ours.</summary>
    public static void DeleteAll(HttpContext context)
    {
        foreach (var name in CookieNames.OfSessions)
        {
            Delete(context, name, name == CookieNames.RefreshToken ? AuthPath(context) : "/");
        }
    }

    /// <summary>Writes one cookie; the last writer of a name in a response wins.</summary>
    public static void Append(HttpContext context, string name, string value, string path, TimeSpan? maxAge)
    {
        if (name.Length + value.Length > MaxNameAndValue)
        {
            throw new InvalidOperationException(
                $"The cookie {name} would take {name.Length + value.Length} bytes, and browsers drop those above {MaxNameAndValue}. Put fewer claims into AccessTokenClaims.");
        }

        var sameSite = context.RequestServices.GetRequiredService<HoldfastWebOptions>().SameSite == CookieSameSite.Strict ? "strict" : "lax";
        var header = new StringBuilder($"{name}={value}; path={path}; secure; httponly; samesite={sameSite}");
        if (maxAge is { } age)
        {
            var seconds = Math.Clamp((long)age.TotalSeconds, 0, (long)TimeSpan.FromDays(400).TotalSeconds);
            header.Append(CultureInfo.InvariantCulture, $"; max-age={seconds}");
        }

        var others = context.Response.Headers.SetCookie.Where(line => line?.StartsWith(name + "=", StringComparison.Ordinal) != true);
        context.Response.Headers.SetCookie = new StringValues([.. others, header.ToString()]);
    }

    private static void AppendAccessToken(HttpContext context, AccessToken token) =>
        Append(context, CookieNames.AccessToken, token.Text.Reveal(), "/", token.Lifetime);

    private static void Delete(HttpContext context, string name, string path) => Append(context, name, "", path, TimeSpan.Zero);

    private static string AuthPath(HttpContext context) =>
        context.Request.PathBase + context.RequestServices.GetRequiredService<Endpoints.AuthPath>().Value;
}
