using System.Text.Json.Nodes;
using Holdfast.Protocol;
using Holdfast.Server.Api;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Holdfast.Server.OpenApi;

/// <summary>What the document says of the whole.</summary>
internal sealed class DocumentContents(HoldfastOptions options) : IOpenApiDocumentTransformer
{
    public const string KeyScheme = "api_key";
    public const string ClientScheme = "client";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Holdfast",
            Version = "v1",
            Description = "Sessions for every backend: as fast to check as a JWT, as revocable as a row in a database. Each refusal is problem details (RFC 9457) with a stable `reason`.",
            License = new OpenApiLicense { Name = "Apache-2.0" },
        };
        document.Servers = [new OpenApiServer { Url = options.Issuer }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [KeyScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API key of an application: `Authorization: Bearer hfk_...`",
            },
            [ClientScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "basic",
                Description = "An application as an OAuth client: its id, and an API key as the secret.",
            },
        };
        return Task.CompletedTask;
    }
}

/// <summary>What the document says of one route: its key, its scope, examples, and the parameters of the query.</summary>
internal sealed class OperationContents : IOpenApiOperationTransformer
{
    private static readonly string[] Statuses = ["200", "201"];

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<RequiredScope>().FirstOrDefault() is { } required)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(DocumentContents.KeyScheme, context.Document)] = [] }];
            operation.Description += required.Scope is { } scope ? $"\n\nScope: `{scope}`." : "\n\nAny key will do.";
        }

        foreach (var parameter in metadata.OfType<AddressParameter>())
        {
            operation.Parameters ??= [];
            if (operation.Parameters.OfType<OpenApiParameter>().FirstOrDefault(known => known.Name == parameter.Name) is { } declared)
            {
                declared.Description = parameter.Description;
                continue;
            }

            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = parameter.In,
                Required = parameter.In == ParameterLocation.Path,
                Description = parameter.Description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        if (metadata.OfType<FormParameter>().ToArray() is { Length: > 0 } fields)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(DocumentContents.ClientScheme, context.Document)] = [] }];
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["application/x-www-form-urlencoded"] = new() { Schema = FormOf(fields) } } };
        }

        foreach (var examples in metadata.OfType<RouteExamples>())
        {
            Add(operation.RequestBody?.Content?.Values, examples.Request);
            Add(operation.Responses?.Where(response => Statuses.Contains(response.Key)).SelectMany(response => response.Value.Content?.Values ?? []), examples.Response);
        }

        return Task.CompletedTask;
    }

    private static OpenApiSchema FormOf(FormParameter[] fields) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = fields.ToDictionary(field => field.Name, field => (IOpenApiSchema)new OpenApiSchema { Type = JsonSchemaType.String, Description = field.Description }),
        Required = fields.Where(field => field.Required).Select(field => field.Name).ToHashSet(),
    };

    private static void Add(IEnumerable<OpenApiMediaType>? contents, string? example)
    {
        if (example is null || contents is null)
        {
            return;
        }

        foreach (var content in contents)
        {
            content.Example = JsonNode.Parse(example);
        }
    }
}

/// <summary>What the generator cannot know of a record.</summary>
internal sealed class SchemaContents : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonTypeInfo.Type == typeof(ClaimValues))
        {
            schema.Type = null;
            schema.Properties?.Clear();
            schema.OneOf =
            [
                new OpenApiSchema { Type = JsonSchemaType.String },
                new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            ];
        }
        else if (context.JsonTypeInfo.Type == typeof(CreateSessionRequest))
        {
            schema.Required = new HashSet<string> { "subject" };
        }
        else if (context.JsonTypeInfo.Type == typeof(ExchangeRequest))
        {
            schema.Required = new HashSet<string> { "refresh_token", "from" };
        }
        else if (context.JsonPropertyInfo?.Name == "claims")
        {
            schema.AdditionalProperties = new OpenApiSchema { Description = "A string, or an array of strings." };
        }

        return Task.CompletedTask;
    }
}
