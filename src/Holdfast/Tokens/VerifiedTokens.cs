using System.Diagnostics.CodeAnalysis;
using System.Text;
using BitFaster.Caching.Lru;

namespace Holdfast.Tokens;

/// <summary>
/// Access tokens whose signature held, by digest: so that a signature is verified once and not at each request. What is remembered is only
/// that this text was signed with that key and says this; whether the key is still accepted, the time and the session are asked each time.
/// </summary>
internal sealed class VerifiedTokens
{
    /// <summary>How many are remembered: about 30 MB of them. The least recently used make room.</summary>
    public const int Capacity = 50_000;

    private readonly ConcurrentLru<Digest, VerifiedToken> _tokens = new(Capacity);

    public int Count => _tokens.Count;

    /// <summary>What is known of a token; nothing of one that was not seen, or that is too long to be ours.</summary>
    public bool TryFind(string token, out Digest digest, [NotNullWhen(true)] out VerifiedToken? verified)
    {
        (digest, verified) = (default, null);
        if (token.Length > AccessTokenShape.MaxLength)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[AccessTokenShape.MaxLength];
        if (!Encoding.ASCII.TryGetBytes(token, bytes, out var written))
        {
            return false;
        }

        digest = Digest.Of(bytes[..written]);
        return _tokens.TryGet(digest, out verified);
    }

    public void Add(Digest digest, VerifiedToken verified) => _tokens.AddOrUpdate(digest, verified);
}

/// <summary>One of them.</summary>
/// <param name="KeyId">The key that its signature was verified with.</param>
/// <param name="Facts">What it says.</param>
internal sealed record VerifiedToken(string KeyId, AccessTokenFacts Facts);
