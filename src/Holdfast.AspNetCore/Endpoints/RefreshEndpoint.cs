using Holdfast.AspNetCore.Transport;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>
/// Exchanges a refresh token. A token from the body is answered in the body, one from the cookie in cookies, and never one for the
/// other: a script that holds neither must not turn a cookie into something it can read.
/// </summary>
internal static class RefreshEndpoint
{
    public static async Task HandleAsync(HttpContext context, SessionManager manager)
    {
        var input = await RequestBody.ReadAsync(context, ProtocolJson.Default.RefreshRequest, form => new RefreshRequest
        {
            RefreshToken = RequestBody.Single(form, "refresh_token"),
            GrantType = RequestBody.Single(form, "grant_type"),
        });
        if (input is null)
        {
            return;
        }

        if (input.GrantType is not (null or "" or "refresh_token"))
        {
            await Problems.WriteAsync(context, Reasons.InvalidRequest, "grant_type is \"refresh_token\".");
            return;
        }

        var fromCookie = string.IsNullOrEmpty(input.RefreshToken);
        var presented = fromCookie ? new CookieReader(context.Request.Headers).Single(CookieNames.RefreshToken) : input.RefreshToken;
        var request = await RequestSession.OfAsync(context);
        var result = await manager.RefreshAsync(presented, request.Terms, request.Caller, context.RequestAborted);
        if (result is not { Session: { } session, Credentials: { } credentials })
        {
            await Problems.WriteAsync(context, Refusals.Reason(result.Refusal), oauthError: "invalid_grant");
            return;
        }

        if ((session.Transport == SessionTransport.TokenCookies) != fromCookie)
        {
            await Problems.WriteAsync(context, Reasons.TokenInvalid, oauthError: "invalid_grant");
            return;
        }

        if (fromCookie)
        {
            CookieRules.AppendCredentials(context, session, credentials, result.Now);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await Answers.WriteAsync(context, Answers.Tokens(credentials, result.Now));
    }
}
