using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.AspNetCore.Transport;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Api;

/// <summary>What a credential that a browser or client presented to the application is worth.</summary>
internal static class VerifyApi
{
    // Longer than most visits look at one page, and far shorter than endings are kept by those who follow the feed.
    private static readonly TimeSpan LongestRepeat = TimeSpan.FromMinutes(10);

    public static async Task HandleAsync(HttpContext context, SessionManager manager, HoldfastWebOptions web)
    {
        if (await ApiBody.ReadAsync<VerifyRequest>(context) is not { } request)
        {
            return;
        }

        if (new[] { request.Cookie, request.AccessToken, request.RefreshToken }.Count(credential => credential is not null) != 1)
        {
            await ApiBody.RefuseAsync(context, "Send one of cookie and access_token, or refresh_token.");
            return;
        }

        var application = CallingApplication.Of(context);
        if (request.RefreshToken is { } refresh)
        {
            await DescribeAsync(context, refresh, application, manager);
            return;
        }

        var check = await CheckAsync(context, request, application, manager);
        var session = check.Refusal != Refusal.None ? null
            : check.Session ?? await manager.FindLiveAsync(check.Token!.Handle, context.RequestAborted);
        if (session is null or { Subject: null })
        {
            await Answers.WriteAsync(context, new VerifyResponse { Status = "invalid", Reason = Refusals.Reason(check.Refusal) });
            return;
        }

        // As long as no use is told: it may never be written.
        var repeatable = RepeatableFor(check, session);
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
            RememberForMs = (long)repeatable.TotalMilliseconds,
        });
    }

    // Whose session a refresh token belongs to: a page's CSRF token is bound to that, also while no access token is there.
    private static async Task DescribeAsync(HttpContext context, string refresh, KnownApplication application, SessionManager manager)
    {
        var session = await manager.FindRefreshableAsync(refresh, application.Terms.Tenant, context.RequestAborted);
        await Answers.WriteAsync(context, session is null || session.Client != application.Id
            ? new VerifyResponse { Status = "invalid", Reason = Reasons.TokenInvalid }
            : new VerifyResponse
            {
                Status = "live",
                Session = ApiRecords.Of(session with { Device = null }, context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()),
                Cookies = [],
                RememberForMs = 0,
            });
    }

    private static TimeSpan RepeatableFor(SessionCheck check, Session session)
    {
        var left = SessionPolicy.EndsAt(session) - check.Now;
        TimeSpan[] limits = [LongestRepeat, check.RepeatableFor, left > TimeSpan.Zero ? left : TimeSpan.Zero];
        return limits.Min();
    }

    private static ValueTask<SessionCheck> CheckAsync(HttpContext context, VerifyRequest request, KnownApplication application, SessionManager manager)
    {
        var caller = CallingApplication.CallerOf(context, null);
        return request.Cookie is { } cookie
            ? manager.CheckCookieAsync(cookie, application.Terms.Tenant, request.Renew ?? false, caller, context.RequestAborted)
            : manager.CheckAccessTokenAsync(request.AccessToken!, application.Terms, caller, context.RequestAborted);
    }
}
