using Holdfast.AspNetCore.Transport;
using Holdfast.Data;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Authorization;

/// <summary>From a proof that the application has checked to what its session counts as.</summary>
internal static class StepUpFlow
{
    public static async Task RunAsync(HttpContext context, string? acr, string[] amr)
    {
        var (request, session) = await SignedInAsync(context);
        if (request.Kind == CredentialKind.Bearer)
        {
            throw new InvalidOperationException("This client holds its tokens itself: answer it with what StepUpForTokensAsync returns.");
        }

        if (request.IsTicket)
        {
            throw new InvalidOperationException("This session's cookie is the stock cookie handler's: sign in again with the better proof.");
        }

        if (context.Response.HasStarted)
        {
            throw new InvalidOperationException("Step up before the response starts: the new cookie travels in its headers.");
        }

        var result = await StepUpAsync(context, request, session, acr, amr);
        CookieRules.AppendCredentials(context, result.Session!, result.Credentials!, result.Now);
        request.SteppedUp(result.Session!, result.Now);
    }

    public static async Task<StepUpResult> RunForTokensAsync(HttpContext context, string? acr, string[] amr)
    {
        var (request, session) = await SignedInAsync(context);
        if (request.Kind != CredentialKind.Bearer)
        {
            throw new InvalidOperationException("This client's credentials are cookies: call StepUpAsync.");
        }

        var result = await StepUpAsync(context, request, session, acr, amr);
        request.SteppedUp(result.Session!, result.Now);
        return result;
    }

    public static async Task ApproveAsync(HttpContext context, string operation)
    {
        var (request, session) = await SignedInAsync(context);
        if (!await Manager(context).ApproveAsync(session.Handle, operation, request.Caller, context.RequestAborted))
        {
            throw new SessionDataException(DataWriteStatus.NotLive);
        }
    }

    private static async Task<StepUpResult> StepUpAsync(HttpContext context, RequestSession request, SessionCheck session, string? acr, string[] amr)
    {
        var result = await Manager(context).StepUpAsync(session.Handle, new StepUp(acr, [.. amr]), request.Terms, request.Caller, context.RequestAborted);
        return result.Session is not null ? result : throw new SessionDataException(DataWriteStatus.NotLive);
    }

    private static async Task<(RequestSession Request, SessionCheck Session)> SignedInAsync(HttpContext context)
    {
        var request = await RequestSession.OfAsync(context);
        return request.Live is { IsAnonymous: false } session
            ? (request, session) : throw new InvalidOperationException("Nobody is signed in on this request, so there is nothing to step up: sign in.");
    }

    private static SessionManager Manager(HttpContext context) => context.RequestServices.GetRequiredService<SessionManager>();
}
