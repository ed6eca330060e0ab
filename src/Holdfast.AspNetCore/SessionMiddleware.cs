using Holdfast.AspNetCore.Connections;
using Holdfast.AspNetCore.Data;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore;

/// <summary>
/// Checks the session of every request before anything else may rely on it. Three-valued: live, refused (the endpoint decides whether
/// that matters), or unknown, which is 503 at once: never "valid", never a logout.
/// </summary>
internal sealed class SessionMiddleware(RequestDelegate next, OpenConnections connections, IServiceProvider services)
{
    private readonly bool _isHttpSession = services.GetService<Microsoft.AspNetCore.Session.ISessionStore>() is HttpSessionStore;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            var request = await RequestSession.OfAsync(context);
            if (request.Outcome == SessionOutcome.Unavailable)
            {
                await Problems.WriteAsync(context, Reasons.StoreUnavailable);
                return;
            }

            if (!_isHttpSession)
            {
                await RunAsync(context, request);
                return;
            }

            var state = HttpSession.Of(context);
            if (context.GetEndpoint() is not null)
            {
                await state.LoadAsync(context.RequestAborted);
            }

            await RunAsync(context, request);
            await state.FinishAsync(context.RequestAborted);
        }
        catch (StoreUnavailableException) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Reasons.StoreUnavailable);
        }
        catch (SignInRefusedException exception) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Reasons.Conflict, exception.Message, exception.Status == SignInStatus.LimitReached ? "MaxSessionsPerSubject" : null);
        }
        catch (SessionDataException exception) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, exception.Reason, exception.Message, exception.Setting);
        }
    }

    // A connection that stays open is held to its session; a response that streams is, once it says so (RequestSession).
    private async Task RunAsync(HttpContext context, RequestSession request)
    {
        using var connection = OpenConnections.IsUpgrade(context) && request.Live is { } session
            ? await connections.AddAsync(session.Handle, session.Tenant, session.Subject, context.Abort, context.RequestAborted) : null;
        await next(context);
    }
}
