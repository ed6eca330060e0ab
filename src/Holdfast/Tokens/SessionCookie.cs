using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Holdfast.Tokens;

/// <summary>
/// The opaque credential of browsers: <c>hfs_</c> and base64url of key id, handle and 256 random bits. Nothing about its user can be
/// read from it.
/// </summary>
public sealed class SessionCookie
{
    /// <summary>
    /// The cookie's name, whichever host writes it. Browsers that know the prefix accept it only as Secure and HttpOnly, for this host alone.
    /// </summary>
    public const string Name = "__Host-Http-holdfast";

    private const string Prefix = "hfs_";
    private const int Size = 1 + SessionHandle.Size + Secret.Size;
    private const int EncodedLength = 66;

    // key id | handle | secret
    private readonly byte[] _bytes;

    private SessionCookie(byte[] bytes)
    {
        _bytes = bytes;
        Digest = Digest.Of(bytes);
    }

    /// <summary>The master secret that was active when it was made.</summary>
    public byte KeyId => _bytes[0];

    /// <summary>The session that it claims to prove.</summary>
    public SessionHandle Handle => SessionHandle.FromBytes(_bytes.AsSpan(1, SessionHandle.Size));

    /// <summary>The digest of all of it: what the store knows.</summary>
    public Digest Digest { get; }

    /// <summary>A cookie for a new session, from the platform's random generator.</summary>
    public static SessionCookie New(MasterKeys keys, SessionHandle handle) => Make(keys.Active.KeyId, handle, Secret.New());

    /// <summary>Reads a cookie's value: exact length, alphabet and spelling, before anything is looked up.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out SessionCookie? cookie)
    {
        cookie = null;
        var bytes = new byte[Size];
        if (text is null || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base64UrlText.TryDecodeExact(text.AsSpan(Prefix.Length), EncodedLength, bytes))
        {
            return false;
        }

        cookie = new SessionCookie(bytes);
        return true;
    }

    /// <summary>
    /// The two things that a check needs of a cookie's value, read without leaving anything on the heap: which session it claims to prove, and
    /// its digest. Refuses what <see cref="TryParse"/> refuses.
    /// </summary>
    internal static bool TryRead(ReadOnlySpan<char> text, out SessionHandle handle, out Digest digest)
    {
        (handle, digest) = (default, default);
        Span<byte> bytes = stackalloc byte[Size];
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !Base64UrlText.TryDecodeExact(text[Prefix.Length..], EncodedLength, bytes))
        {
            return false;
        }

        (handle, digest) = (SessionHandle.FromBytes(bytes.Slice(1, SessionHandle.Size)), Digest.Of(bytes));
        return true;
    }

    /// <summary>
    /// Its successor, derived and not drawn, so that every request that presents this cookie computes the same one.
    /// </summary>
    /// <param name="keys">The keys under which it is derived.</param>
    /// <param name="renewal">The number of the renewal that makes it.</param>
    public SessionCookie Renew(DerivedKeys keys, int renewal)
    {
        Span<byte> input = stackalloc byte[Secret.Size + SessionHandle.Size + sizeof(int)];
        _bytes.AsSpan(1 + SessionHandle.Size).CopyTo(input);
        Handle.WriteTo(input[Secret.Size..]);
        BinaryPrimitives.WriteInt32BigEndian(input[(Secret.Size + SessionHandle.Size)..], renewal);
        return Make(keys.KeyId, Handle, Secret.FromBytes(HMACSHA256.HashData(keys.CookieRenewal, input)));
    }

    /// <summary>The value that travels.</summary>
    public CredentialText ToText() => new(Prefix + Base64Url.EncodeToString(_bytes));

    private static SessionCookie Make(byte keyId, SessionHandle handle, Secret secret)
    {
        var bytes = new byte[Size];
        bytes[0] = keyId;
        handle.WriteTo(bytes.AsSpan(1));
        secret.Reveal().CopyTo(bytes.AsSpan(1 + SessionHandle.Size));
        return new SessionCookie(bytes);
    }
}
