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

    /// <summary>What is known of a token; nothing of one that was not seen, or that is too long to be ours.</summary>
    public bool TryFind(ReadOnlySpan<char> token, [NotNullWhen(true)] out VerifiedToken? verified)
    {
        verified = null;
        return TryDigest(token, out var digest) && _tokens.TryGet(digest, out verified);
    }

    public void Add(string token, VerifiedToken verified)
    {
        if (TryDigest(token, out var digest))
        {
            _tokens.AddOrUpdate(digest, verified);
        }
    }

    /// <summary>The digest of a token's text; false of what no token of ours is.</summary>
    public static bool TryDigest(ReadOnlySpan<char> token, out Digest digest)
    {
        digest = default;
        if (token.Length > AccessTokenShape.MaxLength)
        {
            return false;
        }

        Span<byte> bytes = token.Length <= 1024 ? stackalloc byte[1024] : new byte[token.Length];
        if (!Encoding.ASCII.TryGetBytes(token, bytes, out var written))
        {
            return false;
        }

        digest = Digest.Of(bytes[..written]);
        return true;
    }
}

/// <summary>One of them.</summary>
/// <param name="keyId">The key that its signature was verified with.</param>
/// <param name="facts">What it says.</param>
internal sealed class VerifiedToken(string keyId, AccessTokenFacts facts)
{
    private long _seenAt = long.MinValue;
    private long _stamp;

    public string KeyId => keyId;

    public AccessTokenFacts Facts => facts;

    /// <summary>The stamp of the news that it was last held against.</summary>
    public long Stamp
    {
        get => Volatile.Read(ref _stamp);
        set => Volatile.Write(ref _stamp, value);
    }

    /// <summary>Whether a use at <paramref name="now"/> is worth telling the store. True for one caller only.</summary>
    public bool TakeTouch(DateTimeOffset now)
    {
        var (seen, at) = (Volatile.Read(ref _seenAt), now.ToUnixTimeMilliseconds());
        return at >= seen + (long)SessionPolicy.TouchInterval.TotalMilliseconds && Interlocked.CompareExchange(ref _seenAt, at, seen) == seen;
    }
}
