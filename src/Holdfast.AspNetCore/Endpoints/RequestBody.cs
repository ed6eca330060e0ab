using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>
/// Reads the small bodies of our own endpoints: JSON or a form, at most 64 KB, nothing else. A problem has been written whenever the
/// answer is null.
/// </summary>
internal static class RequestBody
{
    private const int MaxBytes = 64 * 1024;

    public static async ValueTask<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> json, Func<IFormCollection, T> form)
        where T : class, new()
    {
        var request = context.Request;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBytes;
        }

        var empty = request.ContentLength is 0 or null && request.ContentType is null && !request.Headers.ContainsKey("Transfer-Encoding");
        try
        {
            if (empty)
            {
                return new T();
            }

            if (request.HasJsonContentType())
            {
                return await JsonSerializer.DeserializeAsync(request.Body, json, context.RequestAborted) ?? new T();
            }

            if (request.GetTypedHeaders().ContentType?.MediaType == "application/x-www-form-urlencoded")
            {
                return form(await request.ReadFormAsync(new FormOptions { BufferBodyLengthLimit = MaxBytes }, context.RequestAborted));
            }

            await Problems.WriteAsync(context, Reasons.InvalidRequest, "Send JSON (application/json) or a form.", status: StatusCodes.Status415UnsupportedMediaType);
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException)
        {
            await Problems.WriteAsync(context, Reasons.InvalidRequest, "The body is not the JSON object or form that this endpoint reads, or names a member twice.");
        }
        catch (BadHttpRequestException exception)
        {
            await Problems.WriteAsync(context, Reasons.InvalidRequest, "The body could not be read.", status: exception.StatusCode);
        }

        return null;
    }

    /// <summary>The one value of a field. A repeated one is refused (RFC 6749, section 3.2); an empty one counts as absent.</summary>
    public static string? Single(IFormCollection form, string field)
    {
        var values = form[field];
        return values.Count > 1
            ? throw new InvalidDataException($"The field {field} stands more than once.")
            : string.IsNullOrEmpty(values) ? null : values.ToString();
    }
}
