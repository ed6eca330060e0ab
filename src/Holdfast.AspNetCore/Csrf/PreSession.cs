using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Holdfast.Tokens;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>
/// What a browser holds before anybody signs in: 256 random bits with a MAC and an end. It keeps sign-in forms safe from other sites
/// without a row in any store, and proves nothing else.
/// </summary>
internal sealed class PreSession
{
    private const int NonceSize = 32;
    private const int BodySize = NonceSize + sizeof(long);
    private const int MacSize = 32;
    private const int TextLength = 96;

    /// <summary>How long a sign-in page may stand open.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly byte[] _bytes;

    private PreSession(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Nonce => _bytes.AsSpan(0, NonceSize);

    public static PreSession New(MasterKeys keys, DateTimeOffset now)
    {
        var bytes = new byte[BodySize + MacSize];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceSize));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(NonceSize), (now + Lifetime).ToUnixTimeSeconds());
        HMACSHA256.HashData(keys.Active.PreSession, bytes.AsSpan(0, BodySize)).CopyTo(bytes, BodySize);
        return new PreSession(bytes);
    }

    /// <summary>The pre-session of a cookie's value; null if it is not ours or its time is over.</summary>
    public static PreSession? Parse(string? text, MasterKeys keys, DateTimeOffset now) => Parse(text, keys.All.Select(derived => derived.PreSession), now);

    /// <summary>The same under any of some keys.</summary>
    public static PreSession? Parse(string? text, IEnumerable<byte[]> keys, DateTimeOffset now)
    {
        var bytes = new byte[BodySize + MacSize];
        if (!Base64UrlText.TryDecodeExact(text, TextLength, bytes))
        {
            return null;
        }

        var genuine = false;
        foreach (var key in keys)
        {
            genuine |= CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, bytes.AsSpan(0, BodySize)), bytes.AsSpan(BodySize));
        }

        return genuine && now.ToUnixTimeSeconds() < BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(NonceSize)) ? new PreSession(bytes) : null;
    }

    public CredentialText ToText() => new(Base64Url.EncodeToString(_bytes));
}
