using System.Text.Json.Nodes;
using Holdfast.Protocol;
using Holdfast.Server.Api;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Holdfast.Server.OpenApi;

/// <summary>The OpenAPI document, and a page to browse it that needs nothing from the internet.</summary>
internal static class DocumentSetup
{
    public static void AddDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
    });

    public static void MapDocument(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi("/openapi/{documentName}.json");
    }
}
