using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Csrf;
using Holdfast.Auditing;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.OAuth;

/// <summary>
/// Which pages may call the OAuth endpoints that browser clients use. Only origins that an application names, each by itself, and never
/// with cookies.
/// </summary>
internal sealed class OAuthOrigins(RequestDelegate next, ApplicationDirectory directory)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        var isPublic = path.StartsWithSegments("/.well-known");
        var origin = context.Request.Headers.Origin.ToString();
        if (!(isPublic || path == ServerMetadata.TokenPath || path == ServerMetadata.RevocationPath))
        {
            await next(context);
            return;
        }

        context.Response.Headers.Append("Vary", "Origin");
        if (origin.Length == 0 || Origins.IsOwn(origin, context.Request.Host))
        {
            await next(context);
            return;
        }

        var preflight = HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.ContainsKey("Access-Control-Request-Method");
        if (!await directory.AllowsOriginAsync(origin, context.RequestAborted))
        {
            if (isPublic && !preflight)
            {
                // Everybody may read it; a page of this origin may not.
                await next(context);
                return;
            }

            await RefuseAsync(context, origin);
            return;
        }

        context.Response.Headers.AccessControlAllowOrigin = origin;
        if (!preflight)
        {
            context.Response.Headers.AccessControlExposeHeaders = "Retry-After, WWW-Authenticate";
            await next(context);
            return;
        }

        context.Response.Headers.AccessControlAllowMethods = isPublic ? "GET" : "POST";
        context.Response.Headers.AccessControlAllowHeaders = "Authorization, Content-Type";
        context.Response.Headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Whether pages of this request's origin may call for <paramref name="application"/>; a refusal has been written if not.</summary>
    public static async ValueTask<bool> AdmitsAsync(HttpContext context, KnownApplication application)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || Origins.IsOwn(origin, context.Request.Host) || application.Application.AllowedOrigins.Contains(origin))
        {
            return true;
        }

        context.Response.Headers.Remove("Access-Control-Allow-Origin");
        await RefuseAsync(context, origin);
        return false;
    }

    private static async Task RefuseAsync(HttpContext context, string origin)
    {
        var caller = RequestSession.CallerOf(context);
        await context.RequestServices.GetRequiredService<SessionEvents>().RecordAsync(new SessionEvent
        {
            At = default,
            Type = SessionEventType.CsrfRefused,
            Tenant = SessionPolicy.DefaultTenant,
            Actor = "user",
            Reason = "origin",
            Address = caller.Address,
            UserAgent = caller.UserAgent,
            CorrelationId = caller.CorrelationId,
        });
        context.Response.Headers["Vary"] = "Sec-Fetch-Site, Origin";
        await Problems.WriteAsync(
            context, Reasons.CsrfFailed,
            $"Pages of {SessionEvents.OneLine(origin)} may not call this. If they are yours: holdfast apps add --allowed-origin.");
    }
}
