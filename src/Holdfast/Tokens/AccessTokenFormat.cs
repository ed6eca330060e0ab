using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Tokens;

/// <summary>What stands in an access token (RFC 9068), written and read. IdentityModel does the parsing and the cryptography.</summary>
internal static class AccessTokenFormat
{
    /// <summary>How far the clocks of nodes and store may lie apart.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(5);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };

    public static AccessToken Write(
        Session session, string audience, DateTimeOffset now, SigningCredentials credentials, HoldfastOptions options)
    {
        var end = SessionPolicy.EndsAt(session);
        var assurance = SessionPolicy.AssuranceAt(session, now);
        if (session.Elevation is { } elevation && now < elevation.ExpiresAt && elevation.ExpiresAt < end)
        {
            end = elevation.ExpiresAt;
        }

        var expires = now + options.AccessTokenLifetime < end ? now + options.AccessTokenLifetime : end;
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(expires.ToUnixTimeSeconds());
        var claims = new Dictionary<string, object>
        {
            ["sub"] = session.Subject ?? throw new InvalidOperationException("An anonymous session has no access token."),
            ["client_id"] = session.Client ?? options.EffectiveClientId,
            ["jti"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
            ["amr"] = assurance.Amr.ToArray(),
            [AccessTokenClaimNames.SessionId] = session.Handle.ToString(),
            [AccessTokenClaimNames.Tenant] = session.Tenant,
            [AccessTokenClaimNames.Epoch] = session.Epoch,
            [AccessTokenClaimNames.CredentialVersion] = session.CredentialVersion,
            [AccessTokenClaimNames.Generation] = session.Refresh?.Generation ?? 0,
        };
        if (assurance.AuthTime is { } authTime)
        {
            claims["auth_time"] = authTime.ToUnixTimeSeconds();
        }

        if (assurance.Acr is { } acr)
        {
            claims["acr"] = acr;
        }

        foreach (var group in session.Claims.Where(claim => options.AccessTokenClaims.Contains(claim.Type)).GroupBy(claim => claim.Type))
        {
            claims[group.Key] = group.Count() == 1 ? group.First().Value : group.Select(claim => claim.Value).ToArray();
        }

        var text = Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = options.Issuer,
            Audience = audience,
            IssuedAt = now.UtcDateTime,
            Expires = expiresAt.UtcDateTime,
            Claims = claims,
            SigningCredentials = credentials,
        });
        return new AccessToken(new CredentialText(text), expiresAt - now, expiresAt);
    }

    public static async ValueTask<AccessTokenCheck> ReadAsync(
        string token, string audience, SigningKey key, HoldfastOptions options, DateTimeOffset now)
    {
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.Key,
            ValidAlgorithms = [key.Algorithm],
            ValidTypes = ["at+jwt", "application/at+jwt"],
            ValidIssuer = options.Issuer,
            ValidAudience = audience,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            RequireSignedTokens = true,

            // Judged below, by the injected clock and with our own leeway.
            ValidateLifetime = false,
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt || Facts(jwt, options) is not { } facts
            || (jwt.TryGetPayloadValue<long>("nbf", out var notBefore) && now + Leeway < Time(notBefore)))
        {
            return new AccessTokenCheck(AccessTokenFault.Invalid, null);
        }

        return Judge(facts, audience, now);
    }

    /// <summary>Whether a genuine token is for this audience, and its time is not over.</summary>
    public static AccessTokenCheck Judge(AccessTokenFacts facts, string audience, DateTimeOffset now) =>
        facts.Audience != audience ? new AccessTokenCheck(AccessTokenFault.Invalid, null)
        : now < facts.ExpiresAt + Leeway ? new AccessTokenCheck(AccessTokenFault.None, facts)
        : new AccessTokenCheck(AccessTokenFault.Expired, null);

    // The signature holds. Null if a claim that every token of ours has is missing or of another kind.
    private static AccessTokenFacts? Facts(JsonWebToken jwt, HoldfastOptions options)
    {
        if (!jwt.TryGetPayloadValue<string>("sub", out var subject) || string.IsNullOrEmpty(subject)
            || jwt.Audiences.ToArray() is not [var audience]
            || !jwt.TryGetPayloadValue<string>("client_id", out var client) || string.IsNullOrEmpty(client)
            || !jwt.TryGetPayloadValue<string>("jti", out var id) || string.IsNullOrEmpty(id)
            || !jwt.TryGetPayloadValue<long>("iat", out var issued) || !jwt.TryGetPayloadValue<long>("exp", out var expires)
            || !jwt.TryGetPayloadValue<string>(AccessTokenClaimNames.SessionId, out var sid) || !SessionHandle.TryParse(sid, out var handle)
            || !jwt.TryGetPayloadValue<string>(AccessTokenClaimNames.Tenant, out var tenant)
            || !jwt.TryGetPayloadValue<long>(AccessTokenClaimNames.Epoch, out var epoch)
            || !jwt.TryGetPayloadValue<int>(AccessTokenClaimNames.CredentialVersion, out var version)
            || !jwt.TryGetPayloadValue<int>(AccessTokenClaimNames.Generation, out var generation))
        {
            return null;
        }

        var assurance = new Assurance(
            jwt.TryGetPayloadValue<long>("auth_time", out var authTime) ? Time(authTime) : null,
            jwt.TryGetPayloadValue<string>("acr", out var acr) ? acr : null,
            [.. jwt.Claims.Where(claim => claim.Type == "amr").Select(claim => claim.Value)]);
        ImmutableArray<SessionClaim> claims =
            [.. jwt.Claims.Where(claim => options.AccessTokenClaims.Contains(claim.Type)).Select(claim => new SessionClaim(claim.Type, claim.Value))];
        return new AccessTokenFacts(handle, tenant, subject, epoch, version, generation, Time(expires), assurance, claims, audience, client, id, Time(issued));
    }

    private static DateTimeOffset Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253402300799));
}
