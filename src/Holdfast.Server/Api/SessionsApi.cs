using System.Net;
using System.Text;
using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Server.Api;

/// <summary>Reading and ending sessions: one, a user's, and all of a tenant in pages.</summary>
internal static class SessionsApi
{
    private const int PageSize = 100;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static async Task GetAsync(HttpContext context, string sid, SessionManager manager)
    {
        if (await FindAsync(context, sid, manager) is not { } session)
        {
            await NotFoundAsync(context);
            return;
        }

        await Answers.WriteAsync(context, ApiRecords.Of(session, Now(context)));
    }

    public static async Task EndAsync(HttpContext context, string sid, SessionManager manager, ISessionStore store)
    {
        if (await ReasonAsync(context) is not { } reason)
        {
            return;
        }

        // An ending that is repeated, because its answer was lost, has succeeded.
        var (session, _) = SessionHandle.TryParse(sid, out var handle) ? await store.FindAsync(handle, context.RequestAborted) : default;
        if (session is null || session.Tenant != CallingApplication.Of(context).Terms.Tenant)
        {
            await NotFoundAsync(context);
            return;
        }

        await manager.EndAsync(handle, reason, CallingApplication.CallerOf(context, null), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public static async Task ListAsync(HttpContext context, SessionManager manager)
    {
        if (await SubjectAsync(context) is not { } subject)
        {
            return;
        }

        var sessions = await manager.ListAsync(CallingApplication.Of(context).Terms.Tenant, subject, context.RequestAborted);
        await Answers.WriteAsync(context, ApiRecords.Of(sessions, null, Now(context)));
    }

    public static async Task EndAllAsync(HttpContext context, SessionManager manager)
    {
        if (await SubjectAsync(context) is not { } subject || await ReasonAsync(context) is not { } reason)
        {
            return;
        }

        var tenant = CallingApplication.Of(context).Terms.Tenant;
        SessionHandle? except = null;
        if (context.Request.Query.TryGetValue("except", out var given))
        {
            if (given.Count != 1 || !SessionHandle.TryParse(given, out var handle)
                || await manager.FindLiveAsync(handle, context.RequestAborted) is not { } spared || spared.Tenant != tenant || spared.Subject != subject)
            {
                // Ending all of them, because the one to spare was mistyped, cannot be taken back.
                await ApiBody.RefuseAsync(context, "except is not a live session of this subject. Nothing was ended.");
                return;
            }

            except = handle;
        }

        await manager.EndAllAsync(tenant, subject, except, reason, CallingApplication.CallerOf(context, null), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    public static async Task BrowseAsync(HttpContext context, ISessionStore store)
    {
        var tenant = CallingApplication.Of(context).Terms.Tenant;
        if (context.Request.Query.TryGetValue("tenant", out var asked) && asked != tenant)
        {
            await Problems.WriteAsync(context, Reasons.InsufficientScope, $"tenant is not '{tenant}', which the application belongs to.");
            return;
        }

        try
        {
            var cursor = context.Request.Query.TryGetValue("cursor", out var given) ? given.ToString() : null;
            var page = await store.BrowseAsync(tenant, cursor, PageSize, context.RequestAborted);
            var live = page.Sessions.Where(session => SessionPolicy.Judge(session, page.Now) == SessionState.Live);
            await Answers.WriteAsync(context, ApiRecords.Of(live, page.NextCursor, page.Now));
        }
        catch (ArgumentException)
        {
            await ApiBody.RefuseAsync(context, "cursor is not one that a page of sessions gave.");
        }
    }

    /// <summary>The live session of this handle, if the application may see it.</summary>
    public static async ValueTask<Session?> FindAsync(HttpContext context, string sid, SessionManager manager) =>
        SessionHandle.TryParse(sid, out var handle) && await manager.FindLiveAsync(handle, context.RequestAborted) is { } session
            && session.Tenant == CallingApplication.Of(context).Terms.Tenant ? session : null;

    /// <summary>One answer for malformed, unknown, ended and another tenant's.</summary>
    public static Task NotFoundAsync(HttpContext context) => Problems.WriteAsync(context, Reasons.NotFound, "There is no live session of this handle.");

    private static DateTimeOffset Now(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();

    // Why the application ends sessions. What the engine does by itself, it names by itself.
    private static async ValueTask<EndReason?> ReasonAsync(HttpContext context)
    {
        if (!context.Request.Query.TryGetValue("reason", out var given))
        {
            return EndReason.Revoked;
        }

        EndReason[] known = [EndReason.SignedOut, EndReason.EndedByUser, EndReason.Revoked];
        foreach (var reason in known.Where(reason => given.Count == 1 && EndReasons.Name(reason) == given[0]))
        {
            return reason;
        }

        await ApiBody.RefuseAsync(context, $"reason is {string.Join(", ", known.Select(EndReasons.Name))}, or absent for revoked. Nothing was ended.");
        return null;
    }

    // As it was sent: the server decodes a path but for its slashes, so that only the raw text tells "a/b" from "a%2Fb".
    private static async ValueTask<string?> SubjectAsync(HttpContext context)
    {
        var path = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0].Split('/');
        try
        {
            var encoded = Encoding.ASCII.GetBytes(path[^2].Replace("+", "%2B", StringComparison.Ordinal));
            var subject = Strict.GetString(WebUtility.UrlDecodeToBytes(encoded, 0, encoded.Length)!);
            if (subject.Length is > 0 and <= SessionPolicy.MaxNameLength)
            {
                return subject;
            }
        }
        catch (DecoderFallbackException)
        {
            // Bytes that are no text name nobody.
        }

        await ApiBody.RefuseAsync(context, $"A subject has 1 to {SessionPolicy.MaxNameLength} characters, percent-encoded as UTF-8.");
        return null;
    }
}
