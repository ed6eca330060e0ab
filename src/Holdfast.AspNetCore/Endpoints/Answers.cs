using System.Text.Json.Serialization.Metadata;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>Writes the records of the protocol: JSON, and never kept by any cache.</summary>
internal static class Answers
{
    public static Task WriteAsync<T>(HttpContext context, T record)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Pragma = "no-cache";
        return context.Response.WriteAsJsonAsync(record, (JsonTypeInfo<T>)ProtocolJson.Default.GetTypeInfo(typeof(T))!, cancellationToken: context.RequestAborted);
    }

    /// <summary>RFC 6749, section 5.1.</summary>
    public static TokenResponse Tokens(Credentials credentials, DateTimeOffset now) => new()
    {
        AccessToken = credentials.AccessToken!.Text.Reveal(),
        TokenType = "Bearer",
        ExpiresIn = (long)credentials.AccessToken.Lifetime.TotalSeconds,
        RefreshToken = credentials.RefreshToken?.Reveal(),
        RefreshExpiresIn = credentials.RefreshExpiresAt is { } end ? (long)(end - now).TotalSeconds : null,
    };
}
