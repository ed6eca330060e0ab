using Holdfast.AspNetCore;
using Holdfast.Server.OpenApi;

namespace Holdfast.Server.OAuth;

/// <summary>The endpoints that existing OAuth clients speak to.</summary>
internal static class OAuthRoutes
{
    public static void AddOAuth(this IServiceCollection services)
    {
        services.AddSingleton<ClientAuthentication>();
        services.AddSingleton<ClientAssertions>();
    }

    public static void MapOAuth(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("");
        group.AddEndpointFilter(OAuthFailures.AnswerAsync).WithTags("OAuth");
        group.MapPost(ServerMetadata.TokenPath, TokenEndpoint.HandleAsync)
            .WithSummary("Refresh tokens").WithDescription("The refresh grant of RFC 6749, section 6.");
        group.MapPost(ServerMetadata.RevocationPath, RevocationEndpoint.HandleAsync)
            .WithSummary("Revoke a token").WithDescription("RFC 7009. Either token ends its session.");
        group.MapPost(ServerMetadata.IntrospectionPath, IntrospectionEndpoint.HandleAsync)
            .WithSummary("Introspect a token").WithDescription("RFC 7662, by the store's own word.");

        // An issuer with a path is the path base as well (HoldfastServer), so the second form is there for it, too.
        var inserted = new Uri(endpoints.ServiceProvider.GetRequiredService<HoldfastOptions>().Issuer).AbsolutePath.TrimEnd('/');
        string[] addresses = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
        foreach (var address in inserted.Length == 0 ? addresses : [.. addresses, .. addresses.Select(one => one + inserted)])
        {
            group.MapGet(address, ServerMetadata.HandleAsync).ExcludeFromDescription();
        }
    }
}
