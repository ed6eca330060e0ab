using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Api;

/// <summary>
/// Exchanges a refresh token that a client presented to the application. The answer goes the way the token came: a script that holds
/// neither must not turn a cookie into something it can read.
/// </summary>
internal static class RefreshApi
{
    public static async Task HandleAsync(HttpContext context, SessionManager manager)
    {
        if (await ApiBody.ReadAsync<ExchangeRequest>(context) is not { } request)
        {
            return;
        }

        if (Complaint(request) is { } complaint)
        {
            await ApiBody.RefuseAsync(context, complaint);
            return;
        }

        var application = CallingApplication.Of(context);
        await Answers.WriteAsync(context, await ExchangeAsync(context, request, application, manager));
    }

    private static async Task<ExchangeResponse> ExchangeAsync(HttpContext context, ExchangeRequest request, KnownApplication application, SessionManager manager)
    {
        // Looked at before it is used: one that came the wrong way stays what it was for its holder.
        var held = await manager.FindRefreshableAsync(request.RefreshToken, application.Terms.Tenant, context.RequestAborted);
        if (held is not null && (held.Transport == SessionTransport.TokenCookies) != (request.From == "cookie"))
        {
            return new ExchangeResponse { Status = "invalid", Reason = Reasons.TokenInvalid };
        }

        var caller = CallingApplication.CallerOf(context, request.Device);
        var result = await manager.RefreshAsync(request.RefreshToken, application.Terms, caller, context.RequestAborted);
        if (result is not { Session: { } session, Credentials: { } credentials })
        {
            return new ExchangeResponse { Status = "invalid", Reason = Refusals.Reason(result.Refusal) };
        }

        var answer = ApiRecords.Of(context, session, credentials, result.Now, request.AuthPath);
        return new ExchangeResponse { Status = "live", Session = answer.Session, Cookies = answer.Cookies, Tokens = answer.Tokens };
    }

    private static string? Complaint(ExchangeRequest request) =>
        request.RefreshToken is null ? "refresh_token is missing."
        : request.From is not ("body" or "cookie") ? "from is body or cookie: where the refresh token came."
        : CreatingApi.PathComplaint(request.AuthPath) ?? CreatingApi.DeviceComplaint(request.Device);
}
