using Holdfast.AspNetCore.Authorization;
using Holdfast.AspNetCore.Csrf;
using Holdfast.Devices;
using Holdfast.Protocol;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>Who am I, which devices am I signed in on, and ending one of them.</summary>
internal static class SessionEndpoints
{
    public static async Task CurrentAsync(HttpContext context)
    {
        var request = await RequestSession.OfAsync(context);
        if (request.Live is not { IsAnonymous: false } || await request.RecordAsync(context.RequestAborted) is not { } session)
        {
            await Problems.WriteAsync(context, request.Live is null ? Refusals.Reason(request.Refusal) : Reasons.SessionRevoked);
            return;
        }

        await Answers.WriteAsync(context, ToRecord(session, session.Handle, request.Now));
    }

    public static async Task ListAsync(HttpContext context, SessionManager manager)
    {
        var request = await RequestSession.OfAsync(context);
        if (request.Live is not { Subject: { } subject } session)
        {
            await Problems.WriteAsync(context, Refusals.Reason(request.Refusal));
            return;
        }

        var sessions = await manager.ListAsync(session.Tenant, subject, context.RequestAborted);
        await Answers.WriteAsync(context, new SessionListRecord([.. sessions.Select(one => ToRecord(one, session.Handle, request.Now))]));
    }

    public static async Task EndAsync(HttpContext context, string sid, SessionManager manager, HoldfastOptions options)
    {
        var request = await RequestSession.OfAsync(context);
        if (request.Live is not { Subject: { } subject } session)
        {
            await Problems.WriteAsync(context, Refusals.Reason(request.Refusal));
            return;
        }

        if (!SessionHandle.TryParse(sid, out var handle))
        {
            await Problems.WriteAsync(context, Reasons.InvalidRequest, "A session handle has 22 base64url characters.");
            return;
        }

        if (handle == session.Handle)
        {
            await SignInFlow.SignOutAsync(context);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        if (!await StepUpChallenge.EnsureRecentAsync(context, request, options))
        {
            return;
        }

        // Not theirs, unknown and already ended are one answer: the caller wanted it gone, and it is not there.
        await manager.EndOwnAsync(session.Tenant, subject, handle, EndReason.EndedByUser, request.Caller, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public static async Task CsrfAsync(HttpContext context, IAntiforgery antiforgery)
    {
        await RequestSession.OfAsync(context);
        var tokens = antiforgery.GetAndStoreTokens(context);
        await Answers.WriteAsync(context, new CsrfRecord(tokens.RequestToken!, tokens.HeaderName!, tokens.FormFieldName));
    }

    public static async Task JwksAsync(HttpContext context, KeyRing keyRing)
    {
        var json = await keyRing.JwksJsonAsync(context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = $"public, max-age={(int)KeySchedule.JwksCacheLifetime.TotalSeconds}";
        await context.Response.WriteAsync(json, context.RequestAborted);
    }

    private static SessionRecord ToRecord(Session session, SessionHandle current, DateTimeOffset now) => new()
    {
        Sid = session.Handle.ToString(),
        Subject = session.Subject!,
        Tenant = session.Tenant,
        CreatedAt = session.CreatedAt,
        LastSeenAt = session.LastSeenAt,
        IdleExpiresAt = SessionPolicy.IdlesOutAt(session),
        ExpiresAt = session.ExpiresAt,
        AuthTime = SessionPolicy.AssuranceAt(session, now).AuthTime,
        Acr = SessionPolicy.AssuranceAt(session, now).Acr,
        Amr = [.. SessionPolicy.AssuranceAt(session, now).Amr],
        Device = session.Device is { } device ? ToRecord(device) : null,
        Current = session.Handle == current,
    };

    public static DeviceRecord ToRecord(Device device) => new()
    {
        Name = device.Name ?? UserAgent.Parse(device.UserAgent).ToString(),
        Place = device.Place,
        UserAgent = device.UserAgent,
        Address = device.Address,
    };
}
