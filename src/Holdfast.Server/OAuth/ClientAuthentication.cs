using System.Text;
using Holdfast.AspNetCore;
using Holdfast.Auditing;
using Holdfast.Server.Applications;

namespace Holdfast.Server.OAuth;

/// <summary>
/// Who calls an OAuth endpoint: by its API key as client secret, in Basic or in the body, by a signed assertion, or, for applications
/// whose own clients keep no secret, by its id.
/// </summary>
internal sealed class ClientAuthentication(ApplicationDirectory directory, ClientAssertions assertions, SessionEvents events)
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>The application; null if an error has been written.</summary>
    public async ValueTask<KnownApplication?> AuthenticateAsync(HttpContext context, OAuthForm form, bool allowPublic)
    {
        var headers = context.Request.Headers.Authorization;
        var methods = headers.Count + (form["client_secret"] is null ? 0 : 1) + (form["client_assertion"] is null ? 0 : 1);
        if (methods > 1)
        {
            await OAuthError.InvalidRequest("The client proves itself in one way, not in several.").WriteAsync(context);
            return null;
        }

        var application = headers.Count == 1 ? await BasicAsync(headers.ToString(), form["client_id"], context)
            : form["client_secret"] is { } secret ? await SecretAsync(form["client_id"], secret, context)
            : form["client_assertion"] is { } assertion ? await AssertionAsync(form, assertion, context)
            : allowPublic && form["client_id"] is { } id ? await PublicAsync(id, context)
            : null;
        if (application is null)
        {
            await RecordAsync(context, form["client_id"]);
            await OAuthError.InvalidClient.WriteAsync(context);
            return null;
        }

        return await OAuthOrigins.AdmitsAsync(context, application) ? application : null;
    }

    private async ValueTask<KnownApplication?> BasicAsync(string header, string? alsoNamed, HttpContext context)
    {
        const string Scheme = "Basic ";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var length)
            || Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is not [var id, var secret])
        {
            return null;
        }

        // RFC 6749, section 2.3.1: both were encoded as form values before they were joined.
        var decoded = Decode(id);
        return alsoNamed is null || alsoNamed == decoded ? await SecretAsync(decoded, Decode(secret), context) : null;
    }

    private async ValueTask<KnownApplication?> SecretAsync(string? id, string secret, HttpContext context) =>
        ApiKey.Parse(secret) is { } key && await directory.FindByKeyAsync(key, context.RequestAborted) is { } application && application.Id == id
            ? application : null;

    private async ValueTask<KnownApplication?> AssertionAsync(OAuthForm form, string assertion, HttpContext context) =>
        form["client_assertion_type"] == AssertionType && ClientAssertions.ClaimedBy(assertion) is { } id
            && (form["client_id"] ?? id) == id
            && await directory.FindByIdAsync(id, context.RequestAborted) is { } application
            && await assertions.AcceptAsync(assertion, application, context.RequestAborted)
            ? application : null;

    private async ValueTask<KnownApplication?> PublicAsync(string id, HttpContext context) =>
        await directory.FindByIdAsync(id, context.RequestAborted) is { Application.Public: true } application ? application : null;

    private ValueTask RecordAsync(HttpContext context, string? client)
    {
        var caller = RequestSession.CallerOf(context);
        return events.RecordAsync(new SessionEvent
        {
            At = default,
            Type = SessionEventType.CredentialRejected,
            Tenant = SessionPolicy.DefaultTenant,
            Actor = "application",
            Reason = "client",
            Client = SessionEvents.OneLine(client),
            Address = caller.Address,
            UserAgent = caller.UserAgent,
            CorrelationId = caller.CorrelationId,
        });
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
