using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Authorization;

/// <summary>
/// The framework's authorization middleware, which is asked only where something is required: an endpoint without a word about it costs
/// nothing, unless a fallback policy speaks for it.
/// </summary>
internal sealed class SessionAuthorization
{
    private readonly RequestDelegate _next;
    private readonly AuthorizationMiddleware _framework;
    private readonly IAuthorizationPolicyProvider _policies;

    public SessionAuthorization(RequestDelegate next, IAuthorizationPolicyProvider policies, IServiceProvider services)
    {
        (_next, _policies) = (next, policies);
        _framework = ActivatorUtilities.CreateInstance<AuthorizationMiddleware>(services, next);
    }

    public Task InvokeAsync(HttpContext context)
    {
        var fallback = _policies.GetFallbackPolicyAsync();
        return fallback is { IsCompletedSuccessfully: true, Result: null } && context.GetEndpoint() is { } endpoint && AsksNothing(endpoint)
            ? _next(context) : _framework.Invoke(context);
    }

    private static bool AsksNothing(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IAuthorizeData>() is null && endpoint.Metadata.GetMetadata<AuthorizationPolicy>() is null
        && endpoint.Metadata.GetMetadata<IAuthorizationRequirementData>() is null;
}
