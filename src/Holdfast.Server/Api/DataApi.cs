using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.AspNetCore;
using Holdfast.Data;
using Holdfast.Protocol;
using Microsoft.Net.Http.Headers;

namespace Holdfast.Server.Api;

/// <summary>
/// A session's data as one JSON object, written field by field (RFC 7396, whose patches go one level deep here). Fields that an
/// application in process wrote as bytes that are no JSON are not shown.
/// </summary>
internal static class DataApi
{
    public static async Task GetAsync(HttpContext context, string sid, SessionManager manager)
    {
        if (await SessionsApi.FindAsync(context, sid, manager) is { } session
            && await manager.ReadDataAsync(session.Handle, context.RequestAborted) is { } data)
        {
            await WriteAsync(context, data);
            return;
        }

        await SessionsApi.NotFoundAsync(context);
    }

    public static async Task PatchAsync(HttpContext context, string sid, SessionManager manager)
    {
        using var patch = await ApiBody.ReadAsync(context, "application/merge-patch+json", "application/json");
        if (patch is null)
        {
            return;
        }

        if (await SessionsApi.FindAsync(context, sid, manager) is not { } session
            || await manager.ReadDataAsync(session.Handle, context.RequestAborted) is not { } data)
        {
            await SessionsApi.NotFoundAsync(context);
            return;
        }

        var conditional = context.Request.Headers.IfMatch.Count > 0;
        if (conditional && !context.Request.GetTypedHeaders().IfMatch.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(TagOf(data), useStrongComparison: true)))
        {
            await ConflictAsync(context, StatusCodes.Status412PreconditionFailed);
            return;
        }

        // What was compared is held to: a field that somebody writes in between is a conflict, too.
        DataChange[] changes =
        [
            .. patch.RootElement.EnumerateObject().Select(field => new DataChange(
                field.Name,
                field.Value.ValueKind == JsonValueKind.Null ? null : (ReadOnlyMemory<byte>)BytesOf(field.Value),
                conditional ? data.Fields.GetValueOrDefault(field.Name)?.Version ?? 0 : null)),
        ];
        DataWriteStatus status;
        try
        {
            status = await manager.WriteDataAsync(session.Handle, changes, context.RequestAborted);
        }
        catch (ArgumentException exception)
        {
            await ApiBody.RefuseAsync(context, exception);
            return;
        }

        switch (status)
        {
            case DataWriteStatus.Written when await manager.ReadDataAsync(session.Handle, context.RequestAborted) is { } written:
                await WriteAsync(context, written);
                break;
            case DataWriteStatus.Conflict:
                await ConflictAsync(context, StatusCodes.Status412PreconditionFailed);
                break;
            case DataWriteStatus.Frozen:
                await ConflictAsync(context, StatusCodes.Status409Conflict);
                break;
            case DataWriteStatus.TooLarge:
                await Problems.WriteAsync(context, Reasons.DataTooLarge, "Nothing was written.", nameof(HoldfastOptions.MaxDataBytes));
                break;
            default:
                await SessionsApi.NotFoundAsync(context);
                break;
        }
    }

    /// <summary>A value as it is kept: as HoldfastSession.SetAsync writes it.</summary>
    public static byte[] BytesOf(JsonElement value) => JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web);

    private static Task ConflictAsync(HttpContext context, int status) => Problems.WriteAsync(
        context, Reasons.Conflict, "The data changed since it was read, or its session is becoming another. Read it again; nothing was written.", status: status);

    private static async Task WriteAsync(HttpContext context, SessionData data)
    {
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = TagOf(data);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = "application/json";
        using var stream = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, field) in data.Fields.OrderBy(field => field.Key, StringComparer.Ordinal).Where(field => IsJson(field.Value.Value.Span)))
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(field.Value.Span, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        await context.Response.Body.WriteAsync(stream.GetBuffer().AsMemory(0, (int)stream.Length), context.RequestAborted);
    }

    private static EntityTagHeaderValue TagOf(SessionData data)
    {
        var text = string.Join('\n', data.Fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Value.Version} {field.Key}"));
        return new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 15))}\"");
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        try
        {
            return reader.Read() && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
