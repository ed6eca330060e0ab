using Holdfast.Tokens;

namespace Holdfast.AspNetCore.Transport;

/// <summary>
/// Our cookies. The prefixes make browsers refuse them from scripts, from plain HTTP and from other hosts; browsers that do not know
/// <c>__Host-Http-</c> still enforce <c>__Host-</c>.
/// </summary>
internal static class CookieNames
{
    public const string Session = SessionCookie.Name;
    public const string Anonymous = "__Host-Http-holdfast-anon";
    public const string PreSession = "__Host-Http-holdfast-pre";
    public const string AccessToken = "__Host-Http-holdfast-at";

    /// <summary>Sent only to the auth endpoints, which <c>__Host-</c> does not allow.</summary>
    public const string RefreshToken = "__Secure-holdfast-rt";

    public static IReadOnlyList<string> OfSessions { get; } = [Session, Anonymous, AccessToken, RefreshToken];
}
