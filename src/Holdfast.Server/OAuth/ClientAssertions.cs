using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.Server.Applications;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Server.OAuth;

/// <summary>
/// Assertions by which a client proves itself with a private key (RFC 7523, section 3). Each is good once: its id is remembered in the
/// store, for all nodes, until its time is over.
/// </summary>
internal sealed class ClientAssertions(ISessionStore store, HoldfastOptions options, TimeProvider clock)
{
    /// <summary>The algorithms that it may be signed with.</summary>
    public static string[] Algorithms { get; } = ["ES256", "PS256", "RS256"];

    /// <summary>How far ahead its end may lie: so long its id must be remembered.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <summary>Who an assertion says that it is from, before anything of it is believed: it only chooses the keys.</summary>
    public static string? ClaimedBy(string assertion)
    {
        try
        {
            return assertion.Length <= 8 * 1024 && new JsonWebToken(assertion) is { Subject.Length: > 0 } token ? token.Subject : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether it proves this application, and was never used before.</summary>
    public async ValueTask<bool> AcceptAsync(string assertion, KnownApplication application, CancellationToken cancellationToken)
    {
        if (application.SigningKeys.Count == 0)
        {
            return false;
        }

        var result = await Handler.ValidateTokenAsync(assertion, new TokenValidationParameters
        {
            IssuerSigningKeys = application.SigningKeys,
            ValidAlgorithms = Algorithms,
            ValidIssuer = application.Id,
            ValidAudiences = [options.Issuer, ServerMetadata.AddressOf(options, ServerMetadata.TokenPath)],
            IgnoreTrailingSlashWhenValidatingAudience = false,
            RequireSignedTokens = true,

            // Judged below, by the injected clock.
            ValidateLifetime = false,
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token || token.Subject != application.Id || token.Audiences.Count() != 1
            || string.IsNullOrEmpty(token.Id) || !token.TryGetPayloadValue<long>("exp", out var seconds))
        {
            return false;
        }

        var now = clock.GetUtcNow();
        var expires = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253402300799));
        var early = (token.TryGetPayloadValue<long>("nbf", out var notBefore) && notBefore > (now + Leeway).ToUnixTimeSeconds())
            || (token.TryGetPayloadValue<long>("iat", out var issued) && issued > (now + Leeway).ToUnixTimeSeconds());
        return !early && now < expires + Leeway && expires <= now + Longest + Leeway
            && await RememberAsync($"{application.Id}\n{token.Id}", expires + Leeway, now, cancellationToken);
    }

    // Spread over 256 documents, so that callers seldom wait for each other, and none grows beyond an hour's share.
    private async ValueTask<bool> RememberAsync(string id, DateTimeOffset until, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(id));
        var name = $"assertions.{digest[0]:x2}";
        var entry = Base64Url.EncodeToString(digest.AsSpan(1, 16));
        while (true)
        {
            var document = await store.ReadDocumentAsync(name, cancellationToken);
            var known = document is null ? [] : JsonSerializer.Deserialize(document.Content.Span, OAuthJson.Default.DictionaryStringInt64)!;
            foreach (var (old, end) in known)
            {
                if (end < now.ToUnixTimeSeconds())
                {
                    known.Remove(old);
                }
            }

            if (!known.TryAdd(entry, until.ToUnixTimeSeconds()))
            {
                return false;
            }

            var bytes = JsonSerializer.SerializeToUtf8Bytes(known, OAuthJson.Default.DictionaryStringInt64);
            if (await store.WriteDocumentAsync(name, bytes, document?.Version ?? 0, cancellationToken))
            {
                return true;
            }
        }
    }
}
