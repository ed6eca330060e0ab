using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Holdfast.Server.OpenApi;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c>, and at <c>/docs</c> a page to browse it that needs nothing from the internet.</summary>
internal static class DocumentSetup
{
    public static void AddDocument(this IServiceCollection services)
    {
        // The document describes our records as they are written: ProtocolJson's own names.
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, Protocol.ProtocolJson.Default);
        });
        services.AddOpenApi("v1", options =>
        {
            // /auth is for browsers, the same on every backend, and described there; health and this document are no API.
            options.ShouldInclude = route => route.RelativePath is { } path
                && (path.StartsWith("v1/", StringComparison.Ordinal) || path.StartsWith("oauth2/", StringComparison.Ordinal));
            options.AddDocumentTransformer<DocumentContents>();
            options.AddOperationTransformer<OperationContents>();
            options.AddSchemaTransformer<SchemaContents>();
        });
    }

    public static void MapDocument(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi("/openapi/{documentName}.json");
        endpoints.MapScalarApiReference("/docs", (options, context) =>
        {
            var nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

            // Styles are set by the page's own script, element by element, which a nonce cannot allow. Scripts are ours alone.
            context.Response.Headers[HeaderNames.ContentSecurityPolicy] =
                $"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
                + "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
            options.WithNonce(nonce).WithTitle("Holdfast").DisableDefaultFonts().DisableAgent().DisableMcp().DisableTelemetry()
                .HideClientButton().HideDeveloperTools().AddPreferredSecuritySchemes(DocumentContents.KeyScheme)
                .WithOpenApiRoutePattern("/openapi/{documentName}.json").WithDefaultHttpClient(ScalarTarget.Shell, ScalarClient.Curl);
        });
    }
}
