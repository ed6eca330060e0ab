using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Tokens;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>
/// CSRF tokens: an HMAC over what they are bound to, under a mask that is new each time, so that compressed pages reveal nothing. No
/// store is asked, and no state is kept.
/// </summary>
internal static class CsrfTokens
{
    private const int Size = 32;
    private const int TextLength = 86;

    /// <summary>What the tokens of a session are bound to: they outlive a renewed secret, and die with a step-up or sign-in.</summary>
    public static byte[] BindingOf(SessionHandle handle, int credentialVersion) => Encoding.ASCII.GetBytes($"session|{handle}|{credentialVersion}");

    /// <summary>What the tokens of a page are bound to that nobody has signed in on.</summary>
    public static byte[] BindingOf(PreSession preSession) => [.. "pre-session|"u8, .. preSession.Nonce];

    /// <summary>A token for this binding; each call gives another text.</summary>
    public static string Issue(MasterKeys keys, byte[] binding) => Issue(keys.Active.Csrf, binding);

    /// <summary>The same under a key by itself.</summary>
    public static string Issue(byte[] key, byte[] binding)
    {
        Span<byte> bytes = stackalloc byte[2 * Size];
        RandomNumberGenerator.Fill(bytes[..Size]);
        HMACSHA256.HashData(key, binding).CopyTo(bytes[Size..]);
        Mask(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Whether the token was issued for this binding, under any accepted master secret. Compared in constant time.</summary>
    public static bool IsValid(MasterKeys keys, byte[] binding, string? token) => IsValid(keys.All.Select(derived => derived.Csrf), binding, token);

    /// <summary>The same under any of some keys.</summary>
    public static bool IsValid(IEnumerable<byte[]> keys, byte[] binding, string? token)
    {
        Span<byte> bytes = stackalloc byte[2 * Size];
        if (!Base64UrlText.TryDecodeExact(token, TextLength, bytes))
        {
            return false;
        }

        Mask(bytes);
        var valid = false;
        foreach (var key in keys)
        {
            valid |= CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, binding), bytes[Size..]);
        }

        return valid;
    }

    private static void Mask(Span<byte> bytes)
    {
        for (var index = 0; index < Size; index++)
        {
            bytes[Size + index] ^= bytes[index];
        }
    }
}
