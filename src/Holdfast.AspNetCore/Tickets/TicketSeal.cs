using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;

namespace Holdfast.AspNetCore.Tickets;

/// <summary>
/// Tickets as stores keep them: under a key that only the cookie holds, because a ticket may carry an identity provider's tokens. A dump
/// of the store opens none.
/// </summary>
internal static class TicketSeal
{
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private static readonly byte[] Purpose = "holdfast ticket 1"u8.ToArray();

    /// <summary>nonce 12 | tag 16 | ciphertext.</summary>
    public static byte[] Seal(AuthenticationTicket ticket, string key)
    {
        var plain = TicketSerializer.Default.Serialize(ticket);
        var sealedTicket = new byte[NonceSize + TagSize + plain.Length];
        RandomNumberGenerator.Fill(sealedTicket.AsSpan(0, NonceSize));
        using var cipher = Cipher(key);
        cipher.Encrypt(
            sealedTicket.AsSpan(0, NonceSize), plain, sealedTicket.AsSpan(NonceSize + TagSize), sealedTicket.AsSpan(NonceSize, TagSize));
        return sealedTicket;
    }

    /// <summary>The ticket; null if it was not sealed under this key.</summary>
    public static AuthenticationTicket? Open(ReadOnlySpan<byte> sealedTicket, string key)
    {
        if (sealedTicket.Length < NonceSize + TagSize)
        {
            return null;
        }

        var plain = new byte[sealedTicket.Length - NonceSize - TagSize];
        using var cipher = Cipher(key);
        try
        {
            cipher.Decrypt(sealedTicket[..NonceSize], sealedTicket[(NonceSize + TagSize)..], sealedTicket.Slice(NonceSize, TagSize), plain);
            return TicketSerializer.Default.Deserialize(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static AesGcm Cipher(string key) =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.ASCII.GetBytes(key), KeySize, info: Purpose), TagSize);
}
