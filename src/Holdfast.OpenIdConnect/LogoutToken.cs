using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.OpenIdConnect;

/// <summary>A logout token that passed every check of Back-Channel Logout 1.0, section 2.6.</summary>
/// <param name="Id">Its <c>jti</c>.</param>
/// <param name="Subject">Whose sessions; null if only <paramref name="SessionId"/> says.</param>
/// <param name="SessionId">The provider's session; null for all of the subject's.</param>
/// <param name="ExpiresAt">After this it is refused anyway.</param>
internal sealed record LogoutToken(string Id, string? Subject, string? SessionId, DateTimeOffset ExpiresAt)
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    // "none" and keys that the client shares with the provider are not among them.
    private static readonly string[] Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    // Providers from before the type was named send JWT, or nothing.
    private static readonly string?[] Types = ["logout+jwt", "application/logout+jwt", "JWT", null];

    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <summary>The token, or what is wrong with it, and whether newer keys of the provider could change that.</summary>
    public static async Task<(LogoutToken? Token, string? Fault, bool KeyUnknown)> ReadAsync(
        string text, OpenIdConnectConfiguration provider, string clientId, DateTimeOffset now)
    {
        var result = await Handler.ValidateTokenAsync(text, new TokenValidationParameters
        {
            IssuerSigningKeys = provider.SigningKeys,
            ValidAlgorithms = Algorithms,
            ValidIssuer = provider.Issuer,
            ValidAudience = clientId,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            RequireSignedTokens = true,
            ValidateLifetime = false,
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt)
        {
            return (null, "Its signature, algorithm, issuer or audience is wrong.", result.Exception is SecurityTokenSignatureKeyNotFoundException);
        }

        var fault = Fault(jwt, now);
        return fault is not null ? (null, fault, false) : (new LogoutToken(jwt.Id, Text(jwt, "sub"), Text(jwt, "sid"), Time(jwt, "exp")), null, false);
    }

    private static string? Fault(JsonWebToken jwt, DateTimeOffset now) =>
        !Types.Contains(string.IsNullOrEmpty(jwt.Typ) ? null : jwt.Typ, StringComparer.OrdinalIgnoreCase) ? "Its typ is not logout+jwt."
        : !Has(jwt, "iat") || !Has(jwt, "exp") ? "It has no iat or no exp."
        : Time(jwt, "exp") + Leeway <= now ? "It has expired."
        : Time(jwt, "iat") - Leeway > now ? "It is from the future."
        : Time(jwt, "exp") - Time(jwt, "iat") > Longest ? "It lives for more than 15 minutes."
        : string.IsNullOrEmpty(jwt.Id) ? "It has no jti."
        : jwt.TryGetClaim("nonce", out _) ? "It has a nonce, as an ID token has."
        : Text(jwt, "sub") is null && Text(jwt, "sid") is null ? "It names neither sub nor sid."
        : !jwt.TryGetPayloadValue<JsonElement>("events", out var events) || events.ValueKind != JsonValueKind.Object
            || !events.TryGetProperty(Event, out var member) || member.ValueKind != JsonValueKind.Object ? "It is not a back-channel logout event."
        : null;

    private static bool Has(JsonWebToken jwt, string claim) => jwt.TryGetPayloadValue<long>(claim, out _);

    private static DateTimeOffset Time(JsonWebToken jwt, string claim) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(jwt.GetPayloadValue<long>(claim), 0, 253402300000));

    private static string? Text(JsonWebToken jwt, string claim) =>
        jwt.TryGetPayloadValue<string>(claim, out var value) && !string.IsNullOrEmpty(value) ? value : null;
}
