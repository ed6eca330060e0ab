using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Holdfast.Tokens;

/// <summary>
/// What an access token must look like before any key is chosen: compact form, canonical base64url, JSON without repeated members,
/// and a header that names one of our algorithms, our type and a key, and nothing that could point elsewhere.
/// </summary>
internal static class AccessTokenShape
{
    // Four kilobytes of claims in base64 and the rest of a header and payload fit; whatever is longer is not ours.
    public const int MaxLength = 8 * 1024;
    private const int MaxKeyIdLength = 64;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>The header's algorithm and key id; null if the token is not worth a look at a key.</summary>
    public static (string Algorithm, string KeyId)? Read(string token)
    {
        if (token.Length > MaxLength || token.Split('.') is not [var header, var payload, var signature]
            || Decode(header) is not { } headerJson || Decode(payload) is not { } payloadJson || Decode(signature) is not { Length: > 0 })
        {
            return null;
        }

        try
        {
            using var body = JsonDocument.Parse(payloadJson, Strict);
            using var document = JsonDocument.Parse(headerJson, Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || body.RootElement.ValueKind != JsonValueKind.Object || root.TryGetProperty("crit", out _))
            {
                return null;
            }

            var algorithm = Text(root, "alg");
            var type = Text(root, "typ");
            var keyId = Text(root, "kid");
            return SigningAlgorithms.IsSupported(algorithm) && type is "at+jwt" or "application/at+jwt"
                && keyId is { Length: > 0 and <= MaxKeyIdLength } && !keyId.AsSpan().ContainsAnyExcept(KeyIdAlphabet)
                ? (algorithm!, keyId) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement header, string name) =>
        header.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // Null unless it is the one spelling of its bytes: two spellings would be two tokens with one signature.
    private static byte[]? Decode(string part)
    {
        if (part.AsSpan().ContainsAnyExcept(KeyIdAlphabet))
        {
            return null;
        }

        var bytes = new byte[Base64Url.GetMaxDecodedLength(part.Length)];
        if (Base64Url.DecodeFromChars(part, bytes, out _, out var written) != OperationStatus.Done)
        {
            return null;
        }

        Array.Resize(ref bytes, written);
        return Base64Url.EncodeToString(bytes) == part ? bytes : null;
    }

    private static readonly SearchValues<char> KeyIdAlphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
