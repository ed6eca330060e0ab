using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Holdfast.AspNetCore;

/// <summary>
/// Makes the session of a request its user. Where the default scheme is ours and nobody has put anything between, this is all that the
/// framework's authentication middleware would do, without its cost: the user is there when it is asked for. Otherwise that middleware runs.
/// </summary>
internal sealed class SessionAuthentication(
    RequestDelegate next,
    IAuthenticationSchemeProvider schemes,
    IOptionsMonitor<HoldfastSchemeOptions> options,
    StockAuthentication stock)
{
    private readonly AuthenticationMiddleware _framework = new(next, schemes);

    public Task InvokeAsync(HttpContext context)
    {
        var scheme = schemes.GetDefaultAuthenticateSchemeAsync();
        var remote = schemes.GetRequestHandlerSchemesAsync();
        if (!stock.IsUnchanged || !scheme.IsCompletedSuccessfully || !remote.IsCompletedSuccessfully || scheme.Result is not { } ours
            || !IsPlain(ours) || remote.Result.Any() || context.Features.Get<RequestSession>() is not { } request)
        {
            return _framework.Invoke(context);
        }

        if (request.Live is { IsAnonymous: false } live)
        {
            var user = new SessionUser(live, ours.Name);
            context.Features.Set<IHttpAuthenticationFeature>(user);
            context.Features.Set<IAuthenticateResultFeature>(user);
        }

        return next(context);
    }

    private bool IsPlain(AuthenticationScheme scheme) =>
        scheme.HandlerType == typeof(HoldfastHandler)
        && options.Get(scheme.Name) is { ForwardAuthenticate: null, ForwardDefault: null, ForwardDefaultSelector: null };
}

/// <summary>Whether the application has left the framework's own authentication as it was, by what its container gives.</summary>
internal sealed class StockAuthentication(IServiceScopeFactory scopes)
{
    private readonly Lazy<bool> _isUnchanged = new(() =>
    {
        using var scope = scopes.CreateScope();
        var services = scope.ServiceProvider;
        return services.GetService<IClaimsTransformation>()?.GetType() == typeof(NoopClaimsTransformation)
            && services.GetService<IAuthenticationService>()?.GetType().Assembly == typeof(NoopClaimsTransformation).Assembly
            && services.GetService<IAuthenticationHandlerProvider>()?.GetType() == typeof(AuthenticationHandlerProvider);
    });

    public bool IsUnchanged => _isUnchanged.Value;
}

/// <summary>The user of a request, and the framework's word for how it was found, each made when it is first asked for.</summary>
internal sealed class SessionUser(SessionCheck live, string scheme) : IHttpAuthenticationFeature, IAuthenticateResultFeature
{
    private ClaimsPrincipal? _user;
    private AuthenticateResult? _result;
    private bool _wasSet;

    /// <summary>Whether nobody has put another user in its place.</summary>
    public bool IsUntouched => !_wasSet;

    public ClaimsPrincipal? User
    {
        get => _wasSet ? _user : _user ??= new SessionPrincipal(live, scheme);
        set => (_user, _result, _wasSet) = (value, null, true);
    }

    public AuthenticateResult? AuthenticateResult
    {
        get => _wasSet ? _result : _result ??= Microsoft.AspNetCore.Authentication.AuthenticateResult.Success(Principals.TicketOf(live, User!, scheme));
        set => (_user, _result, _wasSet) = (value?.Principal, value, true);
    }
}
