using System.Security.Claims;
using System.Text.Encodings.Web;
using Holdfast.AspNetCore.Authorization;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Holdfast.AspNetCore;

/// <summary>How the scheme answers requests that are not signed in.</summary>
public sealed class HoldfastSchemeOptions : AuthenticationSchemeOptions
{
    /// <summary>
    /// The sign-in page, which a browser that asks for a page is sent to. Empty: it gets 401 like everybody else. Default: empty, or
    /// the application cookie's <c>LoginPath</c> with Identity.
    /// </summary>
    public PathString LoginPath { get; set; }

    /// <summary>
    /// The page where a signed-in user proves who they are again, or better. It is told <c>acr_values</c> and <c>max_age</c>. Default: the
    /// sign-in page.
    /// </summary>
    public PathString ReauthenticationPath { get; set; }

    /// <summary>The page for those who are signed in and may not. Empty: 403. Default as above.</summary>
    public PathString AccessDeniedPath { get; set; }

    /// <summary>The query parameter that tells the sign-in page where to return to. Default: <c>ReturnUrl</c>.</summary>
    public string ReturnUrlParameter { get; set; } = "ReturnUrl";
}

/// <summary>
/// Makes sessions what <c>[Authorize]</c>, <c>SignInAsync</c> and <c>SignOutAsync</c> work with. The checking itself happens once a
/// request, in <see cref="RequestSession"/>.
/// </summary>
internal sealed class HoldfastHandler(IOptionsMonitor<HoldfastSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : SignInAuthenticationHandler<HoldfastSchemeOptions>(options, logger, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var request = await RequestSession.OfAsync(Context);
        if (request.Failure is { } failure)
        {
            return AuthenticateResult.Fail(failure);
        }

        if (request.Outcome == SessionOutcome.Refused)
        {
            return AuthenticateResult.Fail($"The credential was refused: {Refusals.Reason(request.Refusal)}.");
        }

        return request.Live is { IsAnonymous: false } live
            ? AuthenticateResult.Success(Principals.TicketOf(live, Principals.Of(live, Scheme.Name), Scheme.Name)) : AuthenticateResult.NoResult();
    }

    protected override Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties) =>
        SignInFlow.SignInAsync(Context, user, SessionTransport.Cookie, properties?.IsPersistent ?? false);

    protected override Task HandleSignOutAsync(AuthenticationProperties? properties) => SignInFlow.SignOutAsync(Context);

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var request = await RequestSession.OfAsync(Context);
        if (request.Failure is not null)
        {
            await Problems.WriteAsync(Context, Reasons.StoreUnavailable);
            return;
        }

        if (IsPage(Options.LoginPath))
        {
            Response.Redirect(PageThatReturns(Options.LoginPath, properties));
            return;
        }

        await Problems.WriteAsync(Context, Refusals.Reason(request.Refusal));
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        if (Context.Features.Get<StepUpChallenge>() is { } challenge)
        {
            var page = Options.ReauthenticationPath.HasValue ? Options.ReauthenticationPath : Options.LoginPath;
            if (!IsPage(page))
            {
                return challenge.WriteAsync(Context);
            }

            Response.Redirect(PageThatReturns(page, properties, challenge.ToQuery()));
            return Task.CompletedTask;
        }

        if (!IsPage(Options.AccessDeniedPath))
        {
            return Problems.WriteAsync(Context, Reasons.InsufficientScope);
        }

        Response.Redirect(Request.PathBase + Options.AccessDeniedPath);
        return Task.CompletedTask;
    }

    private string PageThatReturns(PathString page, AuthenticationProperties properties, IEnumerable<KeyValuePair<string, string?>>? more = null)
    {
        var back = properties.RedirectUri is { Length: > 0 } chosen ? chosen : Request.PathBase + Request.Path + Request.QueryString;
        return $"{Request.PathBase}{page}{QueryString.Create([KeyValuePair.Create(Options.ReturnUrlParameter, (string?)back), .. more ?? []])}";
    }

    // A browser that navigates can follow a redirect to a page; a program would take that page for its answer.
    private bool IsPage(PathString page)
    {
        if (!page.HasValue || Context.GetEndpoint()?.Metadata.GetMetadata<IDisableCookieRedirectMetadata>() is not null)
        {
            return false;
        }

        var accept = Request.GetTypedHeaders().Accept;
        return Request.Headers.Authorization.Count == 0 && (HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method))
            && accept.Any(type => type.MatchesMediaType("text/html") && !type.MatchesAllTypes);
    }
}
