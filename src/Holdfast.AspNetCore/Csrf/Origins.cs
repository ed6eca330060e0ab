using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>Origins as browsers write them.</summary>
internal static class Origins
{
    /// <summary>Whether this is exactly <c>scheme://host[:port]</c>, with https unless the host is this machine.</summary>
    public static bool IsExact(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == "https" || (uri.Scheme == "http" && uri.IsLoopback))
        && uri.GetLeftPart(UriPartial.Authority) == text && !text.Contains('*', StringComparison.Ordinal) && uri.UserInfo.Length == 0;

    /// <summary>
    /// Whether an Origin header names the host and port that this request was sent to. The scheme is left out: behind a proxy that ends
    /// TLS, only the host is certain.
    /// </summary>
    public static bool IsOwn(string origin, HostString host)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || !host.HasValue)
        {
            return false;
        }

        var port = host.Port ?? (uri.Scheme == "https" ? 443 : 80);
        return string.Equals(uri.Host, host.Host, StringComparison.OrdinalIgnoreCase) && uri.Port == port;
    }
}
