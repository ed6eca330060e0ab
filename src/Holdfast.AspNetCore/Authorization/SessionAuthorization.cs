using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Authorization;

/// <summary>
/// The framework's authorization, without its cost where its answer is plain: an endpoint that asks for nothing, and one that asks for nothing
/// but a signed-in user, who is there. Everything else, every refusal, and every application that has put something of its own between, is
/// the framework's middleware to judge.
/// </summary>
internal sealed class SessionAuthorization
{
    // What the framework's endpoint middleware looks for before it runs an endpoint that requires authorization.
    private const string FrameworkMark = "__AuthorizationMiddlewareWithEndpointInvoked";

    private readonly RequestDelegate _next;
    private readonly AuthorizationMiddleware _framework;
    private readonly IAuthorizationPolicyProvider _policies;
    private readonly StockAuthorization _stock;
    private readonly ConditionalWeakTable<Endpoint, object> _asked = [];

    public SessionAuthorization(RequestDelegate next, IAuthorizationPolicyProvider policies, StockAuthorization stock, IServiceProvider services)
    {
        (_next, _policies, _stock) = (next, policies, stock);
        _framework = ActivatorUtilities.CreateInstance<AuthorizationMiddleware>(services, next);
    }

    private enum Asked
    {
        Nothing,
        SignedIn,
        More,
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (!_stock.IsUnchanged || context.GetEndpoint() is not { } endpoint || _policies.GetFallbackPolicyAsync() is not { IsCompletedSuccessfully: true, Result: null })
        {
            return _framework.Invoke(context);
        }

        switch ((Asked)_asked.GetValue(endpoint, static asking => Read(asking)))
        {
            case Asked.Nothing:
                return _next(context);

            case Asked.SignedIn when IsPlain(_policies.GetDefaultPolicyAsync()) && context.Features.Get<IHttpAuthenticationFeature>() is SessionUser { IsUntouched: true }:
                context.Items[FrameworkMark] = FrameworkMark;
                return _next(context);

            default:
                return _framework.Invoke(context);
        }
    }

    private static object Read(Endpoint endpoint)
    {
        var metadata = endpoint.Metadata;
        if (metadata.GetMetadata<AuthorizationPolicy>() is not null || metadata.GetMetadata<IAuthorizationRequirementData>() is not null)
        {
            return Asked.More;
        }

        var asked = metadata.GetOrderedMetadata<IAuthorizeData>();
        return asked.Count == 0 ? Asked.Nothing
            : asked.All(one => string.IsNullOrEmpty(one.Policy) && string.IsNullOrEmpty(one.Roles) && string.IsNullOrEmpty(one.AuthenticationSchemes)) ? Asked.SignedIn
            : Asked.More;
    }

    private static bool IsPlain(Task<AuthorizationPolicy> policy) => policy.IsCompletedSuccessfully
        && policy.Result is { AuthenticationSchemes.Count: 0, Requirements: [var only] } && only.GetType() == typeof(DenyAnonymousAuthorizationRequirement);
}

/// <summary>Whether the application has left the framework's own authorization as it was, by what its container gives.</summary>
internal sealed class StockAuthorization(IServiceScopeFactory scopes)
{
    private readonly Lazy<bool> _isUnchanged = new(() =>
    {
        using var scope = scopes.CreateScope();
        var services = scope.ServiceProvider;
        return services.GetService<IAuthorizationService>()?.GetType().Assembly == typeof(DefaultAuthorizationService).Assembly
            && services.GetService<IPolicyEvaluator>()?.GetType() == typeof(PolicyEvaluator)
            && services.GetService<IAuthorizationEvaluator>()?.GetType() == typeof(DefaultAuthorizationEvaluator)
            && services.GetService<IAuthorizationHandlerProvider>()?.GetType() == typeof(DefaultAuthorizationHandlerProvider)
            && services.GetService<IAuthorizationHandlerContextFactory>()?.GetType() == typeof(DefaultAuthorizationHandlerContextFactory)
            && services.GetService<IAuthorizationMiddlewareResultHandler>()?.GetType() == typeof(StepUpResults)
            && services.GetServices<IAuthorizationHandler>().All(handler => handler.GetType() == typeof(PassThroughAuthorizationHandler) || handler is StepUpAuthorization);
    });

    public bool IsUnchanged => _isUnchanged.Value;
}
