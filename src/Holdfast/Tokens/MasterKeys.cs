using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Tokens;

/// <summary>
/// The configured master secrets and everything that is derived from them (HKDF-SHA-256, RFC 5869). Each derived key has one purpose,
/// and depends on the environment and the issuer: secrets copied from one environment to another open nothing there.
/// </summary>
public sealed class MasterKeys
{
    /// <summary>How many bytes a master secret has.</summary>
    public const int SecretSize = 32;

    private readonly Dictionary<byte, DerivedKeys> _byId = [];

    /// <summary>Derives the keys.</summary>
    /// <param name="masterSecrets">One or more base64 secrets, separated by commas; the first makes new keys.</param>
    /// <param name="environment">The deployment.</param>
    /// <param name="issuer">The issuer.</param>
    /// <exception cref="HoldfastConfigurationException">A secret is missing, too short, weak, or collides with another.</exception>
    public MasterKeys(string masterSecrets, string environment, string issuer)
    {
        foreach (var text in masterSecrets.Split(',', StringSplitOptions.TrimEntries))
        {
            var keys = new DerivedKeys(Decode(text), environment, issuer);
            Active ??= keys;
            if (!_byId.TryAdd(keys.KeyId, keys))
            {
                throw new HoldfastConfigurationException("Two of the secrets in MasterSecret have the same key id: replace one by a new one (openssl rand -base64 32).");
            }
        }
    }

    /// <summary>The keys that make new credentials.</summary>
    public DerivedKeys Active { get; } = null!;

    /// <summary>All accepted keys, the active ones first.</summary>
    public IEnumerable<DerivedKeys> All => _byId.Values;

    /// <summary>The keys of a master secret, or null if it is not configured here.</summary>
    public DerivedKeys? Find(byte keyId) => _byId.GetValueOrDefault(keyId);

    /// <summary>
    /// A keyed hash that lets log lines about one presented value be linked, and tells nothing else about it. Null for null.
    /// </summary>
    public string? HashForLogs(string? value) =>
        value is null ? null : Convert.ToHexStringLower(HMACSHA256.HashData(Active.LogCorrelation, Encoding.UTF8.GetBytes(value)).AsSpan(0, 8));

    private static byte[] Decode(string text)
    {
        byte[] bytes;
        try
        {
            bytes = Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new HoldfastConfigurationException("MasterSecret is not base64: it must be 32 random bytes (openssl rand -base64 32).");
        }

        if (bytes.Length < SecretSize)
        {
            throw new HoldfastConfigurationException(
                $"MasterSecret has {bytes.Length} bytes: it must have at least {SecretSize} random ones (openssl rand -base64 32).");
        }

        // 32 random bytes have 8 or fewer distinct values once in 10^37 times: whoever has so few typed them.
        return bytes.Distinct().Count() > 8
            ? bytes
            : throw new HoldfastConfigurationException("MasterSecret repeats a few bytes: it must be random (openssl rand -base64 32).");
    }
}

/// <summary>The keys that one master secret yields.</summary>
public sealed class DerivedKeys
{
    private readonly byte[] _master;
    private readonly byte[] _context;

    internal DerivedKeys(byte[] master, string environment, string issuer)
    {
        _master = master;
        _context = Encoding.UTF8.GetBytes($"{environment.Length}:{environment}{issuer.Length}:{issuer}");
        KeyId = Derive("key id")[0];
        CookieRenewal = Derive("cookie renewal");
        RefreshRotation = Derive("refresh rotation");
        RefreshMac = Derive("refresh mac");
        Csrf = Derive("csrf");
        PreSession = Derive("pre-session");
        SigningKeyEncryption = Derive("signing key encryption");
        Fingerprint = Derive("fingerprint");
        LogCorrelation = Derive("log correlation");
    }

    /// <summary>Which master secret this is: public, the same on every node, whatever the order of the list.</summary>
    public byte KeyId { get; }

    /// <summary>Derives a renewed cookie secret from the one before.</summary>
    public byte[] CookieRenewal { get; }

    /// <summary>Derives a successor's secret from the presented refresh token.</summary>
    public byte[] RefreshRotation { get; }

    /// <summary>Proves that a refresh token was issued here.</summary>
    public byte[] RefreshMac { get; }

    /// <summary>Makes CSRF tokens.</summary>
    public byte[] Csrf { get; }

    /// <summary>Authenticates the pre-session cookie of sign-in pages.</summary>
    public byte[] PreSession { get; }

    /// <summary>Encrypts the private halves of signing keys at rest (AES-256-GCM).</summary>
    public byte[] SigningKeyEncryption { get; }

    /// <summary>Names this secret, environment and issuer to the store without revealing anything.</summary>
    public byte[] Fingerprint { get; }

    /// <summary>Correlates log lines about one client value without showing it.</summary>
    public byte[] LogCorrelation { get; }

    private byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _master, 32, _context, Encoding.UTF8.GetBytes("holdfast/1 " + purpose));
}
