using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;

namespace Holdfast.Server.OAuth;

/// <summary>The refresh grant (RFC 6749, section 6), and no other.</summary>
internal static class TokenEndpoint
{
    public static async Task HandleAsync(HttpContext context, ClientAuthentication clients, SessionManager manager)
    {
        if (await OAuthForm.ReadAsync(context) is not { } form
            || await clients.AuthenticateAsync(context, form, allowPublic: true) is not { } application)
        {
            return;
        }

        if (Complaint(form) is { } complaint)
        {
            await complaint.WriteAsync(context);
            return;
        }

        var token = form["refresh_token"]!;
        if (application.Application.Public && await manager.FindRefreshableAsync(token, application.Terms.Tenant, context.RequestAborted) is { Transport: SessionTransport.TokenCookies })
        {
            // Whoever presents it needs no secret here, and no script has any business with a token that lives in a cookie.
            await OAuthError.InvalidGrant.WriteAsync(context);
            return;
        }

        var result = await manager.RefreshAsync(token, application.Terms, RequestSession.CallerOf(context), context.RequestAborted);
        if (result.Credentials is not { } credentials)
        {
            await OAuthError.InvalidGrant.WriteAsync(context);
            return;
        }

        await Answers.WriteAsync(context, Answers.Tokens(credentials, result.Now));
    }

    private static OAuthError? Complaint(OAuthForm form) => form["grant_type"] switch
    {
        null => OAuthError.InvalidRequest("grant_type is missing: refresh_token."),
        not "refresh_token" => new OAuthError("unsupported_grant_type", "grant_type is refresh_token; sessions are started by POST /v1/sessions."),
        _ when form["refresh_token"] is null => OAuthError.InvalidRequest("refresh_token is missing."),

        // Sessions carry no scopes, so any scope would be more than was granted.
        _ when form["scope"] is not null => new OAuthError("invalid_scope", "Tokens of this server carry no scope, and a refresh cannot add one."),
        _ => null,
    };
}
