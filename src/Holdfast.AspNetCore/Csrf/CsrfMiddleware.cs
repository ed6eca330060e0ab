using Holdfast.AspNetCore.Connections;
using Holdfast.Auditing;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>
/// Stops requests that another site makes with our user's cookies: first by where the browser says they come from, then by a token
/// that only our own pages can have read.
/// </summary>
internal sealed class CsrfMiddleware(
    RequestDelegate next, IAntiforgery antiforgery, RemoteCallbacks callbacks, HoldfastWebOptions options, SessionEvents events)
{
    // What the framework looks for before it hands a form to an endpoint that wants it validated.
    private const string FrameworkMark = "__AntiforgeryMiddlewareWithEndpointInvoked";

    public async Task InvokeAsync(HttpContext context)
    {
        context.Items[FrameworkMark] = true;
        var refusal = await JudgeAsync(context);
        if (refusal is not null)
        {
            await RecordAsync(context, refusal);
            if (!options.CsrfReportOnly)
            {
                await RefuseAsync(context, refusal);
                return;
            }
        }

        await next(context);
    }

    private async ValueTask<CsrfRefusal?> JudgeAsync(HttpContext context)
    {
        var request = context.Request;
        var kind = context.Features.Get<RequestSession>()?.Kind ?? CredentialKind.None;
        if (callbacks.Has(request.Path)
            || (kind == CredentialKind.None && context.GetEndpoint()?.Metadata.GetMetadata<ProvenByBody>() is not null)
            || context.GetEndpoint()?.Metadata.GetMetadata<IAntiforgeryMetadata>() is { RequiresValidation: false })
        {
            return null;
        }

        var fetchSite = Text(request.Headers["Sec-Fetch-Site"]);
        var origin = Text(request.Headers.Origin);
        var guarded = new GuardedRequest(request.Method, OpenConnections.IsUpgrade(context), kind, fetchSite, origin, request.Host);
        switch (CrossOriginGuard.Judge(guarded, options.TrustedOrigins, options.RequireFetchMetadata))
        {
            case CsrfNeed.Nothing:
                return null;

            case CsrfNeed.Foreign:
                return new CsrfRefusal(
                    fetchSite == "same-site" ? "same_site" : "cross_site",
                    $"A page of {SessionEvents.OneLine(origin) ?? "another site"} sent it. If that page is yours, add its origin to TrustedOrigins.",
                    nameof(HoldfastWebOptions.TrustedOrigins));

            case CsrfNeed.Unsaid:
                return new CsrfRefusal("no_fetch_metadata", "It says neither Sec-Fetch-Site nor Origin.", nameof(HoldfastWebOptions.RequireFetchMetadata));
        }

        // SignalR's and Blazor's clients cannot add a token either; what they send later names a connection by a secret that only its page knows.
        if (context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is not null)
        {
            return null;
        }

        return await antiforgery.IsRequestValidAsync(context) ? null : new CsrfRefusal(
            "token",
            $"The CSRF token is missing, or was issued for another session. Send what GET /auth/csrf answers in the header {HoldfastAntiforgery.Header} or the form field {HoldfastAntiforgery.Field}.",
            null);
    }

    private async ValueTask RecordAsync(HttpContext context, CsrfRefusal refusal)
    {
        var request = await RequestSession.OfAsync(context);
        await events.RecordAsync(new SessionEvent
        {
            At = default,
            Type = SessionEventType.CsrfRefused,
            Tenant = request.Terms.Tenant,
            Subject = request.Live?.Subject,
            Handle = request.Live?.Handle,
            Actor = "user",
            Reason = options.CsrfReportOnly ? "report_only_" + refusal.Reason : refusal.Reason,
            Address = request.Caller.Address,
            UserAgent = request.Caller.UserAgent,
            CorrelationId = request.Caller.CorrelationId,
        });
    }

    private static async ValueTask RefuseAsync(HttpContext context, CsrfRefusal refusal)
    {
        context.Response.Headers.Append("Vary", "Sec-Fetch-Site, Origin");
        var request = await RequestSession.OfAsync(context);
        if (refusal.Reason == "token" && request.Outcome == SessionOutcome.Refused && request.Concerned is null)
        {
            // The form is from before the session ended, or the access token expired: that is what its user needs to hear.
            await Problems.WriteAsync(context, Refusals.Reason(request.Refusal), refusal.Detail);
            return;
        }

        await Problems.WriteAsync(context, Reasons.CsrfFailed, refusal.Detail, refusal.Setting);
    }

    private static string? Text(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : values.ToString();

    /// <summary>
    /// Marks an endpoint whose request proves itself by a secret in its body unless a cookie of ours came along: no other site knows one.
    /// </summary>
    internal sealed class ProvenByBody;

    private sealed record CsrfRefusal(string Reason, string Detail, string? Setting);
}
