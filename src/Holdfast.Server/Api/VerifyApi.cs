using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.AspNetCore.Transport;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Api;

/// <summary>What a credential that a browser or client presented to the application is worth.</summary>
internal static class VerifyApi
{
    public static async Task HandleAsync(HttpContext context, SessionManager manager, HoldfastWebOptions web)
    {
        if (await ApiBody.ReadAsync<VerifyRequest>(context) is not { } request)
        {
            return;
        }

        if (request.Cookie is null == request.AccessToken is null)
        {
            await ApiBody.RefuseAsync(context, "Send one of cookie and access_token.");
            return;
        }

        var application = CallingApplication.Of(context);
        var check = await CheckAsync(context, request, application, manager);
        var session = check.Refusal != Refusal.None ? null
            : check.Session ?? await manager.FindLiveAsync(check.Token!.Handle, context.RequestAborted);
        if (session is null or { Subject: null })
        {
            await Answers.WriteAsync(context, new VerifyResponse { Status = "invalid", Reason = Refusals.Reason(check.Refusal) });
            return;
        }

        if (request.Touch ?? true)
        {
            manager.Seen(check);
        }

        await Answers.WriteAsync(context, new VerifyResponse
        {
            Status = "live",

            // Memory answers for most, and does not keep where a session was started from: it is read by handle, always.
            Session = ApiRecords.Of(session with { Device = null }, check.Now),
            Cookies = check.RenewedCookie is { } renewed ? [ApiRecords.Of(CookieRules.OfSession(session, renewed, check.Now, web.SameSite))] : [],
        });
    }

    private static ValueTask<SessionCheck> CheckAsync(HttpContext context, VerifyRequest request, KnownApplication application, SessionManager manager)
    {
        var caller = CallingApplication.CallerOf(context, null);
        return request.Cookie is { } cookie
            ? manager.CheckCookieAsync(cookie, application.Terms.Tenant, request.Renew ?? false, caller, context.RequestAborted)
            : manager.CheckAccessTokenAsync(request.AccessToken!, application.Terms, caller, context.RequestAborted);
    }
}
