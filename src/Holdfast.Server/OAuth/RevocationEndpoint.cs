using Holdfast.AspNetCore;

namespace Holdfast.Server.OAuth;

/// <summary>Revocation (RFC 7009): either token ends its session, and with it all of its tokens, on every node.</summary>
internal static class RevocationEndpoint
{
    public static async Task HandleAsync(HttpContext context, ClientAuthentication clients, SessionManager manager)
    {
        if (await OAuthForm.ReadAsync(context) is not { } form
            || await clients.AuthenticateAsync(context, form, allowPublic: true) is not { } application)
        {
            return;
        }

        if (form["token"] is not { } token)
        {
            await OAuthError.InvalidRequest("token is missing.").WriteAsync(context);
            return;
        }

        if (token.StartsWith("hfs_", StringComparison.Ordinal) || token.StartsWith("hfk_", StringComparison.Ordinal))
        {
            await new OAuthError("unsupported_token_type", "Access and refresh tokens are revoked here; a session by DELETE /v1/sessions/{sid}, an API key by 'holdfast apps rotate-key'.")
                .WriteAsync(context);
            return;
        }

        var revoked = await manager.RevokeAsync(token, application.Terms, RequestSession.CallerOf(context), context.RequestAborted);
        if (revoked == TokenRevocation.OfAnotherClient)
        {
            await OAuthError.InvalidGrant.WriteAsync(context);
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status200OK;
    }
}
