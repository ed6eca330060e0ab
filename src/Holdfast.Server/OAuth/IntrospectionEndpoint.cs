using System.Text.Json.Serialization;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Server.Applications;

namespace Holdfast.Server.OAuth;

/// <summary>
/// Introspection (RFC 7662) by the store's own word. A refresh token is described to its own client, if it says by the hint that it asks
/// about one: an API that asks about whatever came as a bearer token must never take a refresh token for an access token.
/// </summary>
internal static class IntrospectionEndpoint
{
    public static async Task HandleAsync(HttpContext context, ClientAuthentication clients, SessionManager manager, HoldfastOptions options)
    {
        if (await OAuthForm.ReadAsync(context) is not { } form
            || await clients.AuthenticateAsync(context, form, allowPublic: false) is not { } application)
        {
            return;
        }

        if (!application.May(ApplicationScopes.Read))
        {
            await new OAuthError("insufficient_scope", $"The application lacks the scope {ApplicationScopes.Read}.").WriteAsync(context);
            return;
        }

        if (form["token"] is not { } token)
        {
            await OAuthError.InvalidRequest("token is missing.").WriteAsync(context);
            return;
        }

        var reading = await manager.IntrospectAsync(token, application.Terms, context.RequestAborted);
        var answer = reading is null || (reading.AccessToken is null && form["token_type_hint"] != "refresh_token")
            ? new IntrospectionAnswer { Active = false } : Describe(reading, application, options);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Pragma = "no-cache";
        await context.Response.WriteAsJsonAsync(answer, OAuthJson.Default.IntrospectionAnswer, cancellationToken: context.RequestAborted);
    }

    private static IntrospectionAnswer Describe(TokenReading reading, KnownApplication application, HoldfastOptions options)
    {
        var session = reading.Session;
        var assurance = reading.AccessToken?.Assurance ?? SessionPolicy.AssuranceAt(session, reading.Now);
        return new IntrospectionAnswer
        {
            Active = true,
            ClientId = reading.AccessToken?.Client ?? application.Id,
            Subject = session.Subject,
            Audience = reading.AccessToken?.Audience,
            Issuer = options.Issuer,
            ExpiresAt = (reading.AccessToken?.ExpiresAt ?? SessionPolicy.EndsAt(session)).ToUnixTimeSeconds(),
            IssuedAt = (reading.AccessToken?.IssuedAt ?? session.Refresh!.RotatedAt).ToUnixTimeSeconds(),
            Id = reading.AccessToken?.Id,
            TokenType = reading.AccessToken is null ? null : "Bearer",
            Tenant = session.Tenant,
            SessionId = session.Handle.ToString(),
            Acr = assurance.Acr,
            Amr = assurance.Amr.IsEmpty ? null : [.. assurance.Amr],
            AuthTime = assurance.AuthTime?.ToUnixTimeSeconds(),
        };
    }
}

/// <summary>What a token is worth, in the words of RFC 7662, section 2.2, and RFC 9470, section 6.2.</summary>
internal sealed record IntrospectionAnswer
{
    [JsonPropertyName("active")]
    public required bool Active { get; init; }

    [JsonPropertyName("client_id")]
    public string? ClientId { get; init; }

    [JsonPropertyName("sub")]
    public string? Subject { get; init; }

    [JsonPropertyName("aud")]
    public string? Audience { get; init; }

    [JsonPropertyName("iss")]
    public string? Issuer { get; init; }

    [JsonPropertyName("exp")]
    public long? ExpiresAt { get; init; }

    [JsonPropertyName("iat")]
    public long? IssuedAt { get; init; }

    [JsonPropertyName("jti")]
    public string? Id { get; init; }

    [JsonPropertyName("token_type")]
    public string? TokenType { get; init; }

    [JsonPropertyName("tenant")]
    public string? Tenant { get; init; }

    [JsonPropertyName("sid")]
    public string? SessionId { get; init; }

    [JsonPropertyName("acr")]
    public string? Acr { get; init; }

    [JsonPropertyName("amr")]
    public string[]? Amr { get; init; }

    [JsonPropertyName("auth_time")]
    public long? AuthTime { get; init; }
}
