using System.Buffers.Text;
using System.Security.Cryptography;

namespace Holdfast.Server.Applications;

/// <summary>
/// What an application proves itself with: <c>hfk_</c> and base64url of 256 random bits and a checksum, which tells a mistyped or cut key
/// from an unknown one before any store is asked, and lets scanners for leaked secrets be sure. Only its digest is kept.
/// </summary>
internal sealed class ApiKey
{
    private const string Prefix = "hfk_";
    private const int SecretSize = 32;
    private const int ChecksumSize = 4;
    private const int TextLength = 48;

    private readonly string _text;

    private ApiKey(string text, byte[] bytes)
    {
        _text = text;
        Digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    /// <summary>What is kept of it, in hexadecimal.</summary>
    public string Digest { get; }

    /// <summary>A new key from the platform's random generator.</summary>
    public static ApiKey New()
    {
        var bytes = new byte[SecretSize + ChecksumSize];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, SecretSize));
        Checksum(bytes).CopyTo(bytes, SecretSize);
        return new ApiKey(Prefix + Base64Url.EncodeToString(bytes), bytes);
    }

    /// <summary>Reads a key; null for anything that was never one.</summary>
    public static ApiKey? Parse(string? text)
    {
        if (text is null || text.Length != Prefix.Length + TextLength || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        // 48 characters are 36 bytes without a rest, so each key has one spelling.
        var bytes = new byte[SecretSize + ChecksumSize];
        return Base64Url.IsValid(text.AsSpan(Prefix.Length), out var length) && length == bytes.Length
            && Base64Url.TryDecodeFromChars(text.AsSpan(Prefix.Length), bytes, out _) && Checksum(bytes).AsSpan().SequenceEqual(bytes.AsSpan(SecretSize))
            ? new ApiKey(text, bytes) : null;
    }

    /// <summary>The key itself, for the one time that it is shown.</summary>
    public string Reveal() => _text;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";

    private static byte[] Checksum(byte[] bytes) => SHA256.HashData(bytes.AsSpan(0, SecretSize))[..ChecksumSize];
}
