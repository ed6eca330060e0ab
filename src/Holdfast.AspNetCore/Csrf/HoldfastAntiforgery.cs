using Holdfast.AspNetCore.Transport;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>
/// The token half of CSRF protection, in the shape that Razor, Blazor and minimal APIs already ask for. The token is read from a
/// header or a form field, never from a cookie or the query.
/// </summary>
internal sealed class HoldfastAntiforgery(MasterKeys keys, TimeProvider clock) : IAntiforgery
{
    public const string Header = "X-CSRF-Token";
    public const string Field = "csrf_token";

    public AntiforgeryTokenSet GetAndStoreTokens(HttpContext httpContext)
    {
        // A page with a token in it is one user's.
        httpContext.Response.Headers.CacheControl = "no-store";
        return GetTokens(httpContext);
    }

    public AntiforgeryTokenSet GetTokens(HttpContext httpContext)
    {
        var binding = Binding(httpContext) ?? BindToNewPreSession(httpContext);
        return new AntiforgeryTokenSet(CsrfTokens.Issue(keys, binding), null, Field, Header);
    }

    public async Task<bool> IsRequestValidAsync(HttpContext httpContext) =>
        CrossOriginGuard.IsSafe(httpContext.Request.Method)
        || (Binding(httpContext) is { } binding && CsrfTokens.IsValid(keys, binding, await PresentedAsync(httpContext)));

    public async Task ValidateRequestAsync(HttpContext httpContext)
    {
        if (!await IsRequestValidAsync(httpContext))
        {
            throw new AntiforgeryValidationException(
                $"The CSRF token is missing, or was issued for another session. Send what GET /auth/csrf answers in the header {Header} or the field {Field}.");
        }
    }

    public void SetCookieTokenAndHeader(HttpContext httpContext) => GetAndStoreTokens(httpContext);

    private byte[]? Binding(HttpContext context)
    {
        var request = context.Features.Get<RequestSession>() ?? throw new InvalidOperationException(
            "CSRF tokens belong to sessions, and the session of this request was not checked: call app.UseHoldfast() before whatever needs them.");
        if (request.Concerned is { } handle)
        {
            return CsrfTokens.BindingOf(handle, request.CredentialVersion);
        }

        var preSession = context.Features.Get<PreSession>()
            ?? PreSession.Parse(new CookieReader(context.Request.Headers).Single(CookieNames.PreSession), keys, clock.GetUtcNow());
        return preSession is null ? null : CsrfTokens.BindingOf(preSession);
    }

    private byte[] BindToNewPreSession(HttpContext context)
    {
        if (context.Response.HasStarted)
        {
            throw new InvalidOperationException("A visitor's first CSRF token must be made before the response starts: its cookie travels in the headers.");
        }

        var preSession = PreSession.New(keys, clock.GetUtcNow());
        context.Features.Set(preSession);
        CookieRules.Append(context, CookieNames.PreSession, preSession.ToText().Reveal(), "/", null);
        return CsrfTokens.BindingOf(preSession);
    }

    private static async ValueTask<string?> PresentedAsync(HttpContext context)
    {
        if (context.Request.Headers[Header] is { Count: > 0 } header)
        {
            return header.Count == 1 ? header[0] : null;
        }

        if (!context.Request.HasFormContentType)
        {
            return null;
        }

        var field = (await context.Request.ReadFormAsync(context.RequestAborted))[Field];
        return field.Count == 1 ? field[0] : null;
    }
}
