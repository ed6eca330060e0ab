using Holdfast.AspNetCore;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Hosting;

/// <summary>
/// <c>/auth/*</c> lies behind the origins of many applications: the host that a browser asked for says whose request it is.
/// </summary>
internal sealed class AuthHosts(RequestDelegate next, ApplicationDirectory directory)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var origin = $"{context.Request.Scheme}://{context.Request.Host.Value}";
        if (await directory.FindByOriginAsync(origin, context.RequestAborted) is not { } application)
        {
            await Problems.WriteAsync(
                context, Reasons.NotFound,
                $"No application has the origin {Auditing.SessionEvents.OneLine(origin)}. 'holdfast apps add --origin' names one; the proxy in front must pass the Host on, or X-Forwarded-Host from KnownProxies.");
            return;
        }

        context.Features.Set(application.Terms);
        await next(context);
    }
}
