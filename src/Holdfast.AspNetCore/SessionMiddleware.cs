using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore;

/// <summary>
/// Checks the session of every request before anything else may rely on it. Three-valued: live, refused (the endpoint decides whether
/// that matters), or unknown, which is 503 at once: never "valid", never a logout.
/// </summary>
internal sealed class SessionMiddleware(RequestDelegate next)
{
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

            await next(context);
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
}
