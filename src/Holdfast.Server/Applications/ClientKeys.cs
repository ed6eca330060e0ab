using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Server.Applications;

/// <summary>The public keys with which an application signs its assertions (RFC 7523).</summary>
internal static class ClientKeys
{
    private const int LeastRsaBits = 2048;

    public static IEnumerable<string> Validate(JsonElement? jwks)
    {
        if (jwks is not { } set)
        {
            return [];
        }

        try
        {
            var keys = new JsonWebKeySet(set.GetRawText()).Keys;
            return keys.Count == 0 ? ["The JWK set holds no keys."] : keys.Select(Complaint).OfType<string>();
        }
        catch (ArgumentException)
        {
            return ["The JWK set is no JWK set: {\"keys\": [...]}."];
        }
    }

    public static IReadOnlyList<SecurityKey> Read(JsonElement? jwks) => jwks is { } set ? [.. new JsonWebKeySet(set.GetRawText()).Keys] : [];

    private static string? Complaint(JsonWebKey key) =>
        key.HasPrivateKey || key.Kty == JsonWebAlgorithmsKeyTypes.Octet ? $"The key '{key.Kid}' is not public: give the public half alone."
        : key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve && key.Crv == JsonWebKeyECTypes.P256 ? null
        : key.Kty == JsonWebAlgorithmsKeyTypes.RSA && key.KeySize >= LeastRsaBits ? null
        : $"The key '{key.Kid}' is neither EC P-256 nor RSA with at least {LeastRsaBits} bits.";
}
