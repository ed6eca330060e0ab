using System.Text.Json.Serialization;

namespace Holdfast.Protocol;

/// <summary>A session as its owner sees it. Times are RFC 3339, UTC.</summary>
public sealed record SessionRecord
{
    /// <summary>Its public name.</summary>
    public required string Sid { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Subject { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The last request made for the user, at most a minute behind.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>When it idles out unless it is used.</summary>
    public required DateTimeOffset IdleExpiresAt { get; init; }

    /// <summary>Its absolute end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the user signed in.</summary>
    public DateTimeOffset? AuthTime { get; init; }

    /// <summary>The assurance level.</summary>
    public string? Acr { get; init; }

    /// <summary>The methods of authentication.</summary>
    public required IReadOnlyList<string> Amr { get; init; }

    /// <summary>Where from.</summary>
    public DeviceRecord? Device { get; init; }

    /// <summary>Whether it is the session of this request.</summary>
    public bool Current { get; init; }
}

/// <summary>A device.</summary>
public sealed record DeviceRecord
{
    /// <summary>What its owner would call it: <c>Firefox on Windows</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The user agent as sent.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The network address.</summary>
    public string? Address { get; init; }

    /// <summary>Where that address is; absent unless places are looked up.</summary>
    public string? Place { get; init; }
}

/// <summary>A user's sessions.</summary>
/// <param name="Sessions">Newest first.</param>
public sealed record SessionListRecord(IReadOnlyList<SessionRecord> Sessions);

/// <summary>What to send with a state-changing request.</summary>
/// <param name="Token">The token.</param>
/// <param name="Header">The header that carries it,</param>
/// <param name="Field">or the form field.</param>
public sealed record CsrfRecord(string Token, string Header, string Field);

/// <summary>Which sessions to sign out.</summary>
public sealed record LogoutRequest
{
    /// <summary><c>this</c> (the default), <c>others</c> or <c>all</c>.</summary>
    public string? Scope { get; init; }
}

/// <summary>A refresh token to exchange (RFC 6749, section 6).</summary>
public sealed record RefreshRequest
{
    /// <summary>The token; absent if the cookie carries it.</summary>
    public string? RefreshToken { get; init; }

    /// <summary><c>refresh_token</c>, or absent.</summary>
    public string? GrantType { get; init; }
}

/// <summary>Tokens (RFC 6749, section 5.1). Its names hold whatever policy an application serializes with: it returns this itself.</summary>
public sealed record TokenResponse
{
    /// <summary>The access token.</summary>
    [JsonPropertyName("access_token")]
    public required string AccessToken { get; init; }

    /// <summary><c>Bearer</c>.</summary>
    [JsonPropertyName("token_type")]
    public required string TokenType { get; init; }

    /// <summary>Seconds that the access token lives.</summary>
    [JsonPropertyName("expires_in")]
    public required long ExpiresIn { get; init; }

    /// <summary>The refresh token, to be used once; absent after a step-up, which leaves the one that the client has.</summary>
    [JsonPropertyName("refresh_token")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RefreshToken { get; init; }

    /// <summary>Seconds that the refresh token lives if it is not used.</summary>
    [JsonPropertyName("refresh_expires_in")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? RefreshExpiresIn { get; init; }
}

/// <summary>A refusal (RFC 9457).</summary>
public sealed record Problem
{
    /// <summary>The page that explains the reason.</summary>
    public required string Type { get; init; }

    /// <summary>What it means.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong with this request.</summary>
    public string? Detail { get; init; }

    /// <summary>The stable code.</summary>
    public required string Reason { get; init; }

    /// <summary>The setting that would change the answer.</summary>
    public string? Setting { get; init; }

    /// <summary>The OAuth error code (RFC 6749, section 5.2), where one applies.</summary>
    public string? Error { get; init; }
}

/// <summary>How the records are written: snake case, no nulls, no member twice.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SessionRecord))]
[JsonSerializable(typeof(SessionListRecord))]
[JsonSerializable(typeof(CsrfRecord))]
[JsonSerializable(typeof(LogoutRequest))]
[JsonSerializable(typeof(RefreshRequest))]
[JsonSerializable(typeof(TokenResponse))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SessionDetail))]
[JsonSerializable(typeof(SessionPageRecord))]
[JsonSerializable(typeof(CreateSessionRequest))]
[JsonSerializable(typeof(CredentialsResponse))]
[JsonSerializable(typeof(VerifyRequest))]
[JsonSerializable(typeof(VerifyResponse))]
[JsonSerializable(typeof(ElevateRequest))]
[JsonSerializable(typeof(ExchangeRequest))]
[JsonSerializable(typeof(ExchangeResponse))]
[JsonSerializable(typeof(ApplicationRecord))]
[JsonSerializable(typeof(ActivityRequest))]
[JsonSerializable(typeof(EventRequest))]
[JsonSerializable(typeof(FeedResponse))]
internal sealed partial class ProtocolJson : JsonSerializerContext;
