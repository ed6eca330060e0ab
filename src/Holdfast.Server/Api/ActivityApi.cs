using Holdfast.AspNetCore;
using Holdfast.Auditing;
using Holdfast.Protocol;

namespace Holdfast.Server.Api;

/// <summary>What applications that check sessions by themselves saw: requests made for users, tokens in use, attempts that failed.</summary>
internal static class ActivityApi
{
    private const int MaxBatch = 500;

    /// <summary>
    /// Takes a batch. What names no live session of the caller's tenant is passed over: in a batch, some sessions have always ended.
    /// </summary>
    public static async Task ActivityAsync(HttpContext context, SessionManager manager, TouchBuffer touches, TimeProvider clock)
    {
        if (await ApiBody.ReadAsync<ActivityRequest>(context) is not { } request)
        {
            return;
        }

        var (seen, confirmed) = (request.Seen ?? [], request.Confirmed ?? []);
        if (seen.Count + confirmed.Count > MaxBatch)
        {
            await ApiBody.RefuseAsync(context, $"A batch holds at most {MaxBatch} entries; this one has {seen.Count + confirmed.Count}.");
            return;
        }

        var handles = new Dictionary<string, SessionHandle>(StringComparer.Ordinal);
        foreach (var sid in seen.Select(one => one.Sid).Concat(confirmed.Select(one => one.Sid)))
        {
            if (!SessionHandle.TryParse(sid, out var handle))
            {
                await ApiBody.RefuseAsync(context, "Each entry names its session in sid: 22 base64url characters.");
                return;
            }

            handles[sid] = handle;
        }

        if (confirmed.Any(one => one.Generation is not > 0))
        {
            await ApiBody.RefuseAsync(context, "Each entry of confirmed names its generation: a whole number from 1.");
            return;
        }

        var tenant = CallingApplication.Of(context).Terms.Tenant;
        var found = await Task.WhenAll(handles.Values.Select(handle => manager.FindLiveAsync(handle, context.RequestAborted).AsTask()));
        var live = found.Where(session => session?.Tenant == tenant).ToDictionary(session => session!.Handle, session => session!);
        foreach (var one in seen)
        {
            if (live.TryGetValue(handles[one.Sid!], out var session))
            {
                manager.Seen(session.Handle, one.At ?? clock.GetUtcNow());
            }
        }

        foreach (var one in confirmed)
        {
            // A generation that the session has not reached would spend tokens that nobody holds yet.
            if (live.TryGetValue(handles[one.Sid!], out var session) && session.Refresh is { } lineage && one.Generation <= lineage.Generation)
            {
                touches.Add(new SessionTouch(session.Handle, null, one.Generation!.Value));
            }
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public static async Task EventAsync(HttpContext context, SessionManager manager, SessionEvents events)
    {
        if (await ApiBody.ReadAsync<EventRequest>(context) is not { } request)
        {
            return;
        }

        if (request.Type is not ("sign_in.failed" or "csrf.refused"))
        {
            await ApiBody.RefuseAsync(context, "type is sign_in.failed or csrf.refused; everything else is recorded here as it happens.");
            return;
        }

        if (request.Reason is not { Length: > 0 and <= 64 } reason || reason.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '-' or '.')))
        {
            await ApiBody.RefuseAsync(context, "reason says why in one word of at most 64 letters, digits, '_', '-' or '.': wrong_password.");
            return;
        }

        if (request.Subject is { Length: 0 or > SessionPolicy.MaxNameLength } || CreatingApi.DeviceComplaint(request.Device) is not null)
        {
            await ApiBody.RefuseAsync(context, CreatingApi.DeviceComplaint(request.Device) ?? $"subject has 1 to {SessionPolicy.MaxNameLength} characters.");
            return;
        }

        var application = CallingApplication.Of(context);
        var caller = CallingApplication.CallerOf(context, request.Device);
        if (request.Type == "sign_in.failed")
        {
            await manager.RecordFailureAsync(application.Terms.Tenant, request.Subject, reason, caller);
        }
        else
        {
            await events.RecordAsync(new SessionEvent
            {
                At = default,
                Type = SessionEventType.CsrfRefused,
                Tenant = application.Terms.Tenant,
                Subject = request.Subject,
                Actor = "user",
                Reason = reason,
                Client = application.Id,
                Address = caller.Address,
                UserAgent = caller.UserAgent,
                CorrelationId = caller.CorrelationId,
            });
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
