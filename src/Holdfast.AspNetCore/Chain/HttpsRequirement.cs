using System.Net;
using Holdfast.AspNetCore.Csrf;
using Holdfast.AspNetCore.Transport;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Chain;

/// <summary>
/// Refuses credentials, and requests that could lead to one, over plain HTTP from elsewhere. This machine is excepted, so that
/// development needs no certificate.
/// </summary>
internal sealed class HttpsRequirement(RequestDelegate next, HoldfastWebOptions options)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.IsHttps || options.AllowInsecureHttp || IsThisMachine(context)
            || (CrossOriginGuard.IsSafe(context.Request.Method) && !CarriesCredential(context)))
        {
            return next(context);
        }

        var detail = context.Request.Headers.ContainsKey("X-Forwarded-Proto") || context.Request.Headers.ContainsKey("Forwarded")
            ? "The request came through a proxy whose forwarded headers are not read. Call app.UseForwardedHeaders() before app.UseHoldfast(), and name the proxy in KnownProxies."
            : "Credentials travel over HTTPS only. If a proxy ends TLS in front of this application, let it send X-Forwarded-Proto and call app.UseForwardedHeaders() before app.UseHoldfast().";
        return Problems.WriteAsync(context, Reasons.HttpsRequired, detail, nameof(HoldfastWebOptions.AllowInsecureHttp));
    }

    /// <summary>Whether the client is on this machine, and asked for this machine: a proxy here asks for another host's name.</summary>
    public static bool IsThisMachine(HttpContext context)
    {
        var remote = context.Connection.RemoteIpAddress;
        var host = context.Request.Host.Host;
        return (remote is null || IPAddress.IsLoopback(remote))
            && (host is "localhost" or "" || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));
    }

    private static bool CarriesCredential(HttpContext context)
    {
        var cookies = new CookieReader(context.Request.Headers);
        return context.Request.Headers.Authorization.Count > 0 || CookieNames.OfSessions.Any(cookies.Has);
    }
}
