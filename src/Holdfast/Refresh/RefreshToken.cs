using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Holdfast.Tokens;

namespace Holdfast.Refresh;

/// <summary>What became of reading a presented refresh token.</summary>
public enum RefreshParse
{
    /// <summary>It is malformed, or its MAC says that it was never issued.</summary>
    Invalid = 0,

    /// <summary>It was issued here, however long ago.</summary>
    Valid = 1,

    /// <summary>It names a master secret that this node has not been given: nobody can say.</summary>
    UnknownKey = 2,
}

/// <summary>
/// A refresh token: <c>hfr_</c> and base64url of key id, handle, generation, 256 secret bits and a MAC. The MAC proves that this very
/// token was issued, however old, so reuse is noticed without a list of spent tokens, and a forged "old" token ends nobody's session.
/// </summary>
public sealed class RefreshToken
{
    private const string Prefix = "hfr_";
    private const int SecretOffset = 1 + SessionHandle.Size + sizeof(int);
    private const int BodySize = SecretOffset + Secret.Size;
    private const int MacSize = 16;
    private const int EncodedLength = 92;

    // key id | handle | generation | secret | mac
    private readonly byte[] _bytes;

    private RefreshToken(byte[] bytes)
    {
        _bytes = bytes;
        Digest = Digest.Of(bytes.AsSpan(0, BodySize));
    }

    /// <summary>The master secret under which it was made.</summary>
    public byte KeyId => _bytes[0];

    /// <summary>The session that it refreshes.</summary>
    public SessionHandle Handle => SessionHandle.FromBytes(_bytes.AsSpan(1, SessionHandle.Size));

    /// <summary>Its place in its family, from 1.</summary>
    public int Generation => BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(1 + SessionHandle.Size));

    /// <summary>The digest of all of it but the MAC: what the store knows.</summary>
    public Digest Digest { get; }

    /// <summary>The first token of a family, from the platform's random generator.</summary>
    public static RefreshToken First(DerivedKeys keys, SessionHandle handle) => Make(keys, handle, 1, Secret.New());

    /// <summary>Whether a text says that it is a refresh token; nothing of it has been verified.</summary>
    public static bool LooksLikeOne(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Reads a presented token: exact length, alphabet and spelling, then the MAC in constant time.</summary>
    public static RefreshParse TryParse(string? text, MasterKeys keys, out RefreshToken? token)
    {
        token = null;
        var bytes = new byte[BodySize + MacSize];
        if (text is null || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base64UrlText.TryDecodeExact(text.AsSpan(Prefix.Length), EncodedLength, bytes))
        {
            return RefreshParse.Invalid;
        }

        if (keys.Find(bytes[0]) is not { } derived)
        {
            return RefreshParse.UnknownKey;
        }

        var parsed = new RefreshToken(bytes);
        if (!CryptographicOperations.FixedTimeEquals(Mac(derived, bytes), bytes.AsSpan(BodySize)) || parsed.Generation < 1)
        {
            return RefreshParse.Invalid;
        }

        token = parsed;
        return RefreshParse.Valid;
    }

    /// <summary>
    /// Its successor, derived and not drawn: every retry with this token, on any node, computes the same one, and nobody stores a secret.
    /// </summary>
    public RefreshToken Successor(DerivedKeys keys)
    {
        Span<byte> input = stackalloc byte[Secret.Size + SessionHandle.Size + sizeof(int)];
        _bytes.AsSpan(SecretOffset, Secret.Size).CopyTo(input);
        Handle.WriteTo(input[Secret.Size..]);
        BinaryPrimitives.WriteInt32BigEndian(input[(Secret.Size + SessionHandle.Size)..], Generation + 1);
        return Make(keys, Handle, Generation + 1, Secret.FromBytes(HMACSHA256.HashData(keys.RefreshRotation, input)));
    }

    /// <summary>The text that travels.</summary>
    public CredentialText ToText() => new(Prefix + Base64Url.EncodeToString(_bytes));

    private static RefreshToken Make(DerivedKeys keys, SessionHandle handle, int generation, Secret secret)
    {
        var bytes = new byte[BodySize + MacSize];
        bytes[0] = keys.KeyId;
        handle.WriteTo(bytes.AsSpan(1));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1 + SessionHandle.Size), generation);
        secret.Reveal().CopyTo(bytes.AsSpan(SecretOffset));
        Mac(keys, bytes).CopyTo(bytes, BodySize);
        return new RefreshToken(bytes);
    }

    private static byte[] Mac(DerivedKeys keys, ReadOnlySpan<byte> bytes) => HMACSHA256.HashData(keys.RefreshMac, bytes[..BodySize])[..MacSize];
}
