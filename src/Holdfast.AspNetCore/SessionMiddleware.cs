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
internal sealed class SessionMiddleware(
    RequestDelegate next, OpenConnections connections, SessionManager manager, SessionTerms terms, IServiceProvider services)
{
    private readonly bool _isHttpSession = services.GetService<Microsoft.AspNetCore.Session.ISessionStore>() is HttpSessionStore;

    public Task InvokeAsync(HttpContext context)
    {
        var checking = context.Features.Get<RequestSession>() is { } known ? ValueTask.FromResult(known) : RequestSession.CheckAsync(context, manager, terms);
        if (!checking.IsCompletedSuccessfully || _isHttpSession || OpenConnections.IsUpgrade(context))
        {
            return GoOnAsync(context, checking);
        }

        // Answered from memory, as most requests are: nothing is waited for, and nothing made for waiting.
        var request = checking.Result;
        return request.Outcome == SessionOutcome.Unavailable ? Problems.WriteAsync(context, Reasons.StoreUnavailable) : AnswerAsync(context, Next(context));
    }

    private Task Next(HttpContext context)
    {
        try
        {
            return next(context);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    private async Task GoOnAsync(HttpContext context, ValueTask<RequestSession> checking)
    {
        var request = await checking;
        if (request.Outcome == SessionOutcome.Unavailable)
        {
            await Problems.WriteAsync(context, Reasons.StoreUnavailable);
            return;
        }

        await AnswerAsync(context, RunAsync(context, request));
    }

    // What the application left to us becomes an answer.
    private static Task AnswerAsync(HttpContext context, Task running) => running.IsCompletedSuccessfully ? running : AnswerLaterAsync(context, running);

    private static async Task AnswerLaterAsync(HttpContext context, Task running)
    {
        try
        {
            await running;
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
        if (!_isHttpSession)
        {
            await next(context);
            return;
        }

        var state = HttpSession.Of(context);
        if (context.GetEndpoint() is not null)
        {
            await state.LoadAsync(context.RequestAborted);
        }

        await next(context);
        await state.FinishAsync(context.RequestAborted);
    }
}
