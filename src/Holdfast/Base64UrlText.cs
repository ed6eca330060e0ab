using System.Buffers.Text;

namespace Holdfast;

/// <summary>
/// Strict base64url for credentials and handles: one length, no padding, no white space, and only the canonical spelling. The check
/// runs before any store, log or comparison sees what a client sent.
/// </summary>
internal static class Base64UrlText
{
    /// <summary>Decodes <paramref name="text"/> only if it is exactly the text that would encode the same bytes.</summary>
    public static bool TryDecodeExact(ReadOnlySpan<char> text, int textLength, Span<byte> destination)
    {
        if (text.Length != textLength || text.ContainsAnyExcept(Alphabet))
        {
            return false;
        }

        // The overload that returns a status: the Try one throws on a second spelling of the last character.
        if (Base64Url.DecodeFromChars(text, destination, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != destination.Length)
        {
            return false;
        }

        Span<char> canonical = stackalloc char[textLength];
        Base64Url.EncodeToChars(destination, canonical);
        return canonical.SequenceEqual(text);
    }

    private static readonly System.Buffers.SearchValues<char> Alphabet =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
