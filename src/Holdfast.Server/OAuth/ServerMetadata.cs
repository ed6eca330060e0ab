using System.Text.Json.Serialization;
using Holdfast.Tokens;

namespace Holdfast.Server.OAuth;

/// <summary>What strict clients read before anything else (RFC 8414): only what is built.</summary>
internal sealed record ServerMetadata
{
    public const string TokenPath = "/oauth2/token";
    public const string RevocationPath = "/oauth2/revoke";
    public const string IntrospectionPath = "/oauth2/introspect";
    public const string JwksPath = "/.well-known/jwks.json";

    [JsonPropertyName("issuer")]
    public required string Issuer { get; init; }

    [JsonPropertyName("token_endpoint")]
    public required string TokenEndpoint { get; init; }

    [JsonPropertyName("revocation_endpoint")]
    public required string RevocationEndpoint { get; init; }

    [JsonPropertyName("introspection_endpoint")]
    public required string IntrospectionEndpoint { get; init; }

    [JsonPropertyName("jwks_uri")]
    public required string JwksUri { get; init; }

    [JsonPropertyName("grant_types_supported")]
    public string[] GrantTypes { get; } = ["refresh_token"];

    /// <summary>There is no authorization endpoint; the member must stand there all the same.</summary>
    [JsonPropertyName("response_types_supported")]
    public string[] ResponseTypes { get; } = [];

    [JsonPropertyName("token_endpoint_auth_methods_supported")]
    public string[] TokenMethods { get; } = [.. Methods, "none"];

    [JsonPropertyName("token_endpoint_auth_signing_alg_values_supported")]
    public string[] TokenAlgorithms { get; } = ClientAssertions.Algorithms;

    [JsonPropertyName("revocation_endpoint_auth_methods_supported")]
    public string[] RevocationMethods { get; } = [.. Methods, "none"];

    [JsonPropertyName("revocation_endpoint_auth_signing_alg_values_supported")]
    public string[] RevocationAlgorithms { get; } = ClientAssertions.Algorithms;

    [JsonPropertyName("introspection_endpoint_auth_methods_supported")]
    public string[] IntrospectionMethods { get; } = Methods;

    [JsonPropertyName("introspection_endpoint_auth_signing_alg_values_supported")]
    public string[] IntrospectionAlgorithms { get; } = ClientAssertions.Algorithms;

    [JsonPropertyName("acr_values_supported")]
    public string[]? AcrValues { get; init; }

    private static string[] Methods { get; } = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

    public static string AddressOf(HoldfastOptions options, string path) => options.Issuer.TrimEnd('/') + path;

    public static Task HandleAsync(HttpContext context, HoldfastOptions options, ServerOptions server)
    {
        var metadata = new ServerMetadata
        {
            Issuer = options.Issuer,
            TokenEndpoint = AddressOf(options, TokenPath),
            RevocationEndpoint = AddressOf(options, RevocationPath),
            IntrospectionEndpoint = AddressOf(options, IntrospectionPath),
            JwksUri = AddressOf(options, JwksPath),
            AcrValues = server.AcrValues.Count == 0 ? null : [.. server.AcrValues],
        };
        context.Response.Headers.CacheControl = $"public, max-age={(int)KeySchedule.JwksCacheLifetime.TotalSeconds}";
        return context.Response.WriteAsJsonAsync(metadata, OAuthJson.Default.ServerMetadata, cancellationToken: context.RequestAborted);
    }
}
