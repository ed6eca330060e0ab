using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Tokens;

/// <summary>A key that signs access tokens with exactly one algorithm, and its time.</summary>
internal sealed class SigningKey
{
    // NIST SP 800-57 part 1: 3072 bits of RSA stand for 128 bits of security, as P-256 and 256-bit HMAC do.
    private const int RsaBits = 3072;
    private const int HmacBytes = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly byte[] _secret;

    private SigningKey(string id, string algorithm, DateTimeOffset createdAt, DateTimeOffset activeFrom, byte[] secret)
    {
        (Id, Algorithm, CreatedAt, ActiveFrom, _secret) = (id, algorithm, createdAt, activeFrom, secret);
        Key = Import(algorithm, secret);
        Key.KeyId = id;
        Credentials = new SigningCredentials(Key, algorithm);
    }

    public string Id { get; }

    public string Algorithm { get; }

    public DateTimeOffset CreatedAt { get; }

    /// <summary>When it begins to sign; until then it is only announced.</summary>
    public DateTimeOffset ActiveFrom { get; }

    public SecurityKey Key { get; }

    public SigningCredentials Credentials { get; }

    public static SigningKey New(string algorithm, DateTimeOffset createdAt, DateTimeOffset activeFrom)
    {
        var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12));
        return new SigningKey(id, algorithm, createdAt, activeFrom, Generate(algorithm));
    }

    /// <summary>The public half (RFC 7517); null for a symmetric key, which has none.</summary>
    public Dictionary<string, string>? ToPublicJwk()
    {
        var jwk = new Dictionary<string, string> { ["kid"] = Id, ["use"] = "sig", ["alg"] = Algorithm };
        switch (Key)
        {
            case ECDsaSecurityKey { ECDsa: var ecdsa }:
                var point = ecdsa.ExportParameters(includePrivateParameters: false).Q;
                (jwk["kty"], jwk["crv"]) = ("EC", "P-256");
                (jwk["x"], jwk["y"]) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
                return jwk;
            case RsaSecurityKey { Rsa: { } rsa }:
                var parameters = rsa.ExportParameters(includePrivateParameters: false);
                (jwk["kty"], jwk["n"], jwk["e"]) = ("RSA", Base64Url.EncodeToString(parameters.Modulus), Base64Url.EncodeToString(parameters.Exponent));
                return jwk;
            default:
                return null;
        }
    }

    /// <summary>The key as the store keeps it: AES-256-GCM, bound to its id and algorithm.</summary>
    public SealedSigningKey Seal(DerivedKeys keys)
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceSize);
        var sealedBytes = new byte[_secret.Length + TagSize];
        using var aes = new AesGcm(keys.SigningKeyEncryption, TagSize);
        aes.Encrypt(nonce, _secret, sealedBytes.AsSpan(0, _secret.Length), sealedBytes.AsSpan(_secret.Length), Context(Id, Algorithm));
        return new SealedSigningKey(Id, Algorithm, CreatedAt.ToUnixTimeMilliseconds(), ActiveFrom.ToUnixTimeMilliseconds(), keys.KeyId, nonce, sealedBytes);
    }

    /// <summary>Opens a sealed key; null if this node has not been given the master secret that sealed it.</summary>
    /// <exception cref="HoldfastConfigurationException">It was tampered with, or sealed in another environment.</exception>
    public static SigningKey? Open(SealedSigningKey stored, MasterKeys keys)
    {
        if (keys.Find(stored.MasterKeyId) is not { } derived)
        {
            return null;
        }

        var secret = new byte[stored.Sealed.Length - TagSize];
        try
        {
            using var aes = new AesGcm(derived.SigningKeyEncryption, TagSize);
            aes.Decrypt(
                stored.Nonce, stored.Sealed.AsSpan(0, secret.Length), stored.Sealed.AsSpan(secret.Length), secret, Context(stored.Id, stored.Algorithm));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new HoldfastConfigurationException(
                $"Signing key {stored.Id} cannot be opened: it was changed, or sealed with another MasterSecret, Environment or Issuer.");
        }

        return new SigningKey(
            stored.Id,
            stored.Algorithm,
            DateTimeOffset.FromUnixTimeMilliseconds(stored.CreatedAt),
            DateTimeOffset.FromUnixTimeMilliseconds(stored.ActiveFrom),
            secret);
    }

    private static byte[] Context(string id, string algorithm) => Encoding.UTF8.GetBytes($"{algorithm} {id}");

    private static byte[] Generate(string algorithm)
    {
        switch (algorithm)
        {
            case "HS256":
                return RandomNumberGenerator.GetBytes(HmacBytes);
            case "ES256":
                using (var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    return ecdsa.ExportPkcs8PrivateKey();
                }

            default:
                using (var rsa = RSA.Create(RsaBits))
                {
                    return rsa.ExportPkcs8PrivateKey();
                }
        }
    }

    // The platform's key objects live as long as the ring: IdentityModel caches what it makes of them.
    private static SecurityKey Import(string algorithm, byte[] secret)
    {
        switch (algorithm)
        {
            case "HS256":
                return new SymmetricSecurityKey(secret);
            case "ES256":
                var ecdsa = ECDsa.Create();
                ecdsa.ImportPkcs8PrivateKey(secret, out _);
                return new ECDsaSecurityKey(ecdsa);
            default:
                var rsa = RSA.Create();
                rsa.ImportPkcs8PrivateKey(secret, out _);
                return new RsaSecurityKey(rsa);
        }
    }
}

/// <summary>A signing key at rest. Times are milliseconds since 1970.</summary>
internal sealed record SealedSigningKey(
    string Id, string Algorithm, long CreatedAt, long ActiveFrom, byte MasterKeyId, byte[] Nonce, byte[] Sealed);
