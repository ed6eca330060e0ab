using Holdfast.Protocol;
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
            .Form("grant_type", "`refresh_token`").Form("refresh_token", "The token.").Gives<TokenResponse>(200, Examples.Tokens).Produces(400).Produces(401).Produces(503)
            .WithSummary("Refresh tokens").WithDescription("The refresh grant of RFC 6749, section 6.");
        group.MapPost(ServerMetadata.RevocationPath, RevocationEndpoint.HandleAsync)
            .Form("token", "An access or refresh token.").Form("token_type_hint", "Not needed.", required: false).Produces(200).Produces(400).Produces(401).Produces(503)
            .WithSummary("Revoke a token").WithDescription("RFC 7009. Either token ends its session.");
        group.MapPost(ServerMetadata.IntrospectionPath, IntrospectionEndpoint.HandleAsync)
            .Form("token", "The token.").Form("token_type_hint", "`refresh_token` to ask about one of the application's own.", required: false)
            .Gives<object>(200, Examples.Introspected).Produces(400).Produces(401).Produces(503)
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
