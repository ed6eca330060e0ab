using Holdfast.AspNetCore.Authorization;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>Sign out here, everywhere else, or everywhere. What was ended is durable before the 204 leaves.</summary>
internal static class LogoutEndpoint
{
    public static async Task HandleAsync(HttpContext context, SessionManager manager, HoldfastOptions options)
    {
        var input = await RequestBody.ReadAsync(context, ProtocolJson.Default.LogoutRequest, form => new LogoutRequest { Scope = RequestBody.Single(form, "scope") });
        if (input is null)
        {
            return;
        }

        var request = await RequestSession.OfAsync(context);
        if (request.Refusal == Refusal.TokenExpired && request.Concerned is null)
        {
            // Its session may well live, and a 204 would say that it does not: refresh, and sign out then.
            await Problems.WriteAsync(context, Refusals.Reason(request.Refusal));
            return;
        }

        switch (input.Scope ?? "this")
        {
            case "this":
                await SignInFlow.SignOutAsync(context);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;

            case "others" or "all" when request.Live is not { IsAnonymous: false }:
                await Problems.WriteAsync(context, Refusals.Reason(request.Refusal));
                return;

            case "others":
                if (await StepUpChallenge.EnsureRecentAsync(context, request, options))
                {
                    await EndAllAsync(manager, request, request.Live.Handle, context.RequestAborted);
                    context.Response.StatusCode = StatusCodes.Status204NoContent;
                }

                return;

            case "all":
                await EndAllAsync(manager, request, null, context.RequestAborted);
                SignInFlow.Leave(context, request);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;

            default:
                await Problems.WriteAsync(context, Reasons.InvalidRequest, "scope is \"this\", \"others\" or \"all\".");
                return;
        }
    }

    private static ValueTask EndAllAsync(SessionManager manager, RequestSession request, SessionHandle? except, CancellationToken cancellationToken) =>
        manager.EndAllAsync(
            request.Live!.Tenant, request.Live.Subject!, except, except is null ? EndReason.SignedOut : EndReason.EndedByUser, request.Caller, cancellationToken);
}
