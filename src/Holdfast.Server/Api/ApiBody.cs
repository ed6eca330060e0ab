using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Holdfast.AspNetCore;
using Holdfast.Protocol;

namespace Holdfast.Server.Api;

/// <summary>
/// Reads the JSON object of a request, strictly: what is not understood is refused by its name, so that a misspelt member is not an
/// option that silently keeps its default. A problem has been written whenever the answer is null.
/// </summary>
internal static class ApiBody
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    public static async ValueTask<T?> ReadAsync<T>(HttpContext context)
        where T : class
    {
        using var document = await ReadAsync(context, "application/json");
        if (document is null)
        {
            return null;
        }

        var type = (JsonTypeInfo<T>)ProtocolJson.Default.GetTypeInfo(typeof(T))!;
        var complaint = JsonShape.Complaint(document.RootElement, type);
        try
        {
            if (complaint is null)
            {
                return document.Deserialize(type);
            }
        }
        catch (JsonException exception)
        {
            complaint = $"{JsonShape.Name(exception.Path?.TrimStart('$', '.') ?? "")} has the wrong form.";
        }

        await RefuseAsync(context, complaint);
        return null;
    }

    /// <summary>Any JSON object, for whoever looks at its members.</summary>
    public static async ValueTask<JsonDocument?> ReadAsync(HttpContext context, params string[] mediaTypes)
    {
        var mediaType = context.Request.GetTypedHeaders().ContentType?.MediaType.Value;
        if (context.Request.ContentType is not null && !mediaTypes.Contains(mediaType, StringComparer.OrdinalIgnoreCase))
        {
            await Problems.WriteAsync(
                context, Reasons.InvalidRequest, $"Send {string.Join(" or ", mediaTypes)}.", status: StatusCodes.Status415UnsupportedMediaType);
            return null;
        }

        try
        {
            var document = await JsonDocument.ParseAsync(context.Request.Body, Strict, context.RequestAborted);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            await RefuseAsync(context, "The body is not a JSON object.");
        }
        catch (JsonException exception)
        {
            await RefuseAsync(context, exception is { LineNumber: 0 or null, BytePositionInLine: 0 or null }
                ? "The body is missing, or is not JSON." : $"The body is not JSON, or names a member twice (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}).");
        }

        return null;
    }

    /// <summary>What the engine says of names, claims and fields is meant for whoever chose them; its own parameters are not.</summary>
    public static Task RefuseAsync(HttpContext context, ArgumentException exception) => RefuseAsync(context, exception.Message.Split(" (Parameter")[0]);

    public static Task RefuseAsync(HttpContext context, string detail) => Problems.WriteAsync(context, Reasons.InvalidRequest, detail);
}
