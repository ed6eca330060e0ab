using System.Text.Json;

namespace Holdfast.Protocol;

/// <summary>A session as the application that runs it sees it. Times are RFC 3339, UTC.</summary>
public sealed record SessionDetail
{
    /// <summary>Its public name.</summary>
    public required string Sid { get; init; }

    /// <summary>Whose it is; absent for a visitor.</summary>
    public string? Subject { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The application that started it; absent for one that runs the engine in its own process.</summary>
    public string? Client { get; init; }

    /// <summary><c>cookie</c>, <c>tokens</c> or <c>token-cookies</c>.</summary>
    public required string Transport { get; init; }

    /// <summary>Whether its user chose to stay signed in.</summary>
    public bool Remembered { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The last request made for the user, at most a minute behind.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>When it idles out unless it is used.</summary>
    public required DateTimeOffset IdleExpiresAt { get; init; }

    /// <summary>Its absolute end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the user signed in, or last proved more.</summary>
    public DateTimeOffset? AuthTime { get; init; }

    /// <summary>The assurance level.</summary>
    public string? Acr { get; init; }

    /// <summary>The methods of authentication.</summary>
    public required IReadOnlyList<string> Amr { get; init; }

    /// <summary>The credential version: what is bound to an older one, a CSRF token for example, is void.</summary>
    public required int Cv { get; init; }

    /// <summary>The epoch it counts in: the feed tells which ones have ended.</summary>
    public required long Epoch { get; init; }

    /// <summary>The generation of its refresh token, from 1; absent for cookie sessions.</summary>
    public int? Generation { get; init; }

    /// <summary>The principal's claims.</summary>
    public IReadOnlyDictionary<string, ClaimValues>? Claims { get; init; }

    /// <summary>Where from.</summary>
    public DeviceRecord? Device { get; init; }
}

/// <summary>Sessions, newest first.</summary>
/// <param name="Sessions">This page of them.</param>
/// <param name="NextCursor">What to ask for next; absent at the end.</param>
public sealed record SessionPageRecord(IReadOnlyList<SessionDetail> Sessions, string? NextCursor = null);

/// <summary>A sign-in whose proof the application has checked.</summary>
public sealed record CreateSessionRequest
{
    /// <summary>The user's id, 1 to 256 characters.</summary>
    public string? Subject { get; init; }

    /// <summary>The application's own tenant, or absent.</summary>
    public string? Tenant { get; init; }

    /// <summary>How its credentials travel: <c>cookie</c> (the default), <c>tokens</c> or <c>token-cookies</c>.</summary>
    public string? Transport { get; init; }

    /// <summary>Whether the user chose to stay signed in; with <c>cookie</c> only.</summary>
    public bool? Remember { get; init; }

    /// <summary>The principal's claims: a string or strings each, at most 4 KiB together.</summary>
    public IReadOnlyDictionary<string, ClaimValues>? Claims { get; init; }

    /// <summary>The session's first data, by field: any JSON.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Data { get; init; }

    /// <summary>The assurance level reached.</summary>
    public string? Acr { get; init; }

    /// <summary>The methods used (RFC 8176).</summary>
    public IReadOnlyList<string>? Amr { get; init; }

    /// <summary>Where the user is.</summary>
    public DeviceRequest? Device { get; init; }

    /// <summary>The session that the browser presented before, which ends as this one starts. One that does not live is passed over.</summary>
    public string? Replaces { get; init; }

    /// <summary>Where the application serves <c>/auth</c>: the path of the refresh token's cookie. Default: <c>/auth</c>.</summary>
    public string? AuthPath { get; init; }
}

/// <summary>Where a request came from, as the application saw it.</summary>
public sealed record DeviceRequest
{
    /// <summary>The user agent as sent.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The network address.</summary>
    public string? Ip { get; init; }
}

/// <summary>A session and what its holder receives.</summary>
public sealed record CredentialsResponse
{
    /// <summary>The session.</summary>
    public required SessionDetail Session { get; init; }

    /// <summary>The cookies to send to the browser; empty with <c>tokens</c>.</summary>
    public required IReadOnlyList<CookieRecord> Cookies { get; init; }

    /// <summary>The tokens for the client; with <c>tokens</c> only.</summary>
    public TokenResponse? Tokens { get; init; }
}

/// <summary>A cookie to send.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Header">The whole value of a <c>Set-Cookie</c> header: pass it on as it is.</param>
public sealed record CookieRecord(string Name, string Value, string Header);

/// <summary>A presented credential: one of the three.</summary>
public sealed record VerifyRequest
{
    /// <summary>The value of the session cookie.</summary>
    public string? Cookie { get; init; }

    /// <summary>An access token.</summary>
    public string? AccessToken { get; init; }

    /// <summary>
    /// A refresh token of the application's own, which is not used up. It says whose session a CSRF token or a sign-out is about, and
    /// authenticates nobody.
    /// </summary>
    public string? RefreshToken { get; init; }

    /// <summary>Whether the answer to the browser can still carry a cookie: then a secret that is due is renewed. Default: false.</summary>
    public bool? Renew { get; init; }

    /// <summary>
    /// Whether the request is made for the user, and so keeps the session from idling out. Default: true; false for polls, and where
    /// <c>/v1/activity</c> tells.
    /// </summary>
    public bool? Touch { get; init; }
}

/// <summary>What a credential is worth.</summary>
public sealed record VerifyResponse
{
    /// <summary><c>live</c> or <c>invalid</c>. When nobody knows, the answer is 503 instead.</summary>
    public required string Status { get; init; }

    /// <summary>Why it is invalid.</summary>
    public string? Reason { get; init; }

    /// <summary>The session that it proves.</summary>
    public SessionDetail? Session { get; init; }

    /// <summary>The renewed cookie, if there is one: pass it on.</summary>
    public IReadOnlyList<CookieRecord>? Cookies { get; init; }

    /// <summary>
    /// How long, in milliseconds, whoever follows the feed may repeat this answer for exactly this credential, while its lease is good and
    /// nothing in the feed speaks against it. 0: ask again each time.
    /// </summary>
    public long? RememberForMs { get; init; }
}

/// <summary>A refresh token that a client presented to the application.</summary>
public sealed record ExchangeRequest
{
    /// <summary>The refresh token.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>
    /// Where it came: <c>body</c> or <c>cookie</c>. It must be where its session keeps it, so that no script turns a cookie into something that
    /// it can read.
    /// </summary>
    public string? From { get; init; }

    /// <summary>Where the application serves <c>/auth</c>: the path of the refresh token's cookie. Default: <c>/auth</c>.</summary>
    public string? AuthPath { get; init; }

    /// <summary>Where the user is.</summary>
    public DeviceRequest? Device { get; init; }
}

/// <summary>What became of a refresh token.</summary>
public sealed record ExchangeResponse
{
    /// <summary><c>live</c> or <c>invalid</c>. When nobody knows, the answer is 503 instead.</summary>
    public required string Status { get; init; }

    /// <summary>Why it is invalid.</summary>
    public string? Reason { get; init; }

    /// <summary>The session.</summary>
    public SessionDetail? Session { get; init; }

    /// <summary>The cookies to send to the browser; empty if the token came in the body.</summary>
    public IReadOnlyList<CookieRecord>? Cookies { get; init; }

    /// <summary>The tokens for the client; only if the token came in the body.</summary>
    public TokenResponse? Tokens { get; init; }
}

/// <summary>What the server knows of the application that asks.</summary>
public sealed record ApplicationRecord
{
    /// <summary>Its id, and its <c>client_id</c> at the OAuth endpoints.</summary>
    public required string Id { get; init; }

    /// <summary>Its tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The <c>aud</c> of its access tokens, and the only one that it accepts.</summary>
    public required string Audience { get; init; }

    /// <summary>The <c>iss</c> of access tokens.</summary>
    public required string Issuer { get; init; }

    /// <summary>The keys that sign them.</summary>
    public required string JwksUri { get; init; }

    /// <summary>The transports that its sessions may use.</summary>
    public required IReadOnlyList<string> Transports { get; init; }

    /// <summary>What it may do.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>The staleness bound, in milliseconds.</summary>
    public required long MaxStalenessMs { get; init; }

    /// <summary>The claims of a session that its access tokens carry.</summary>
    public required IReadOnlyList<string> AccessTokenClaims { get; init; }

    /// <summary><c>lax</c> or <c>strict</c>: how the cookies are sent.</summary>
    public required string SameSite { get; init; }
}

/// <summary>A further proof that the application has checked.</summary>
public sealed record ElevateRequest
{
    /// <summary>The assurance level reached; absent keeps the sign-in's.</summary>
    public string? Acr { get; init; }

    /// <summary>The methods used; absent keeps the sign-in's.</summary>
    public IReadOnlyList<string>? Amr { get; init; }

    /// <summary>As when a session starts. A step-up leaves the refresh token and its cookie as they are.</summary>
    public string? AuthPath { get; init; }
}

/// <summary>What an application saw of sessions that it checked without asking, in one batch of at most 500.</summary>
public sealed record ActivityRequest
{
    /// <summary>Requests made for users.</summary>
    public IReadOnlyList<SeenRecord>? Seen { get; init; }

    /// <summary>Refresh generations seen in use.</summary>
    public IReadOnlyList<ConfirmedRecord>? Confirmed { get; init; }
}

/// <summary>A request made for a session's user.</summary>
public sealed record SeenRecord
{
    /// <summary>The session.</summary>
    public string? Sid { get; init; }

    /// <summary>When; absent for now.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>A generation that its holder has received: it presented an access token that was minted with it.</summary>
public sealed record ConfirmedRecord
{
    /// <summary>The session.</summary>
    public string? Sid { get; init; }

    /// <summary>The <c>gen</c> of the token.</summary>
    public int? Generation { get; init; }
}

/// <summary>Something that only the application saw.</summary>
public sealed record EventRequest
{
    /// <summary><c>sign_in.failed</c> or <c>csrf.refused</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The account that was tried, as far as is known. Never what was tried.</summary>
    public string? Subject { get; init; }

    /// <summary>Why, in one word: <c>wrong_password</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Where the attempt came from.</summary>
    public DeviceRequest? Device { get; init; }
}
