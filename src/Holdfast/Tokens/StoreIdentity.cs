using System.Security.Cryptography;
using System.Text.Json;

namespace Holdfast.Tokens;

/// <summary>
/// Which deployment a store belongs to. Production's store opened with staging's settings is refused before anything is read from it
/// or written to it.
/// </summary>
internal static class StoreIdentity
{
    private const string Document = "identity";

    /// <summary>Checks, and writes what is new. True if the store had not seen this configuration.</summary>
    /// <exception cref="HoldfastConfigurationException">The store belongs to another environment, issuer or set of secrets.</exception>
    public static async Task<bool> EnsureAsync(
        ISessionStore store, MasterKeys keys, HoldfastOptions options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var document = await store.ReadDocumentAsync(Document, cancellationToken);
            var known = document is null ? null : JsonSerializer.Deserialize<Content>(document.Content.Span);
            if (known is not null)
            {
                Refuse(known.Environment, options.Environment, nameof(options.Environment));
                Refuse(known.Issuer, options.Issuer, nameof(options.Issuer));
            }

            string[] ours = [.. keys.All.Select(key => Convert.ToHexStringLower(SHA256.HashData(key.Fingerprint)))];
            var shared = known?.Fingerprints.Intersect(ours).Count() ?? 0;
            if (known is not null && shared == 0)
            {
                throw new HoldfastConfigurationException(
                    "MasterSecret is not one that this store was used with. To replace it, give both, the new one first, separated by a comma.");
            }

            if (known is not null && shared == ours.Length)
            {
                return false;
            }

            string[] all = [.. (known?.Fingerprints ?? []).Union(ours)];
            var content = JsonSerializer.SerializeToUtf8Bytes(new Content(options.Environment, options.Issuer, all));
            if (await store.WriteDocumentAsync(Document, content, document?.Version ?? 0, cancellationToken))
            {
                return true;
            }
        }
    }

    private static void Refuse(string stored, string configured, string setting)
    {
        if (stored != configured)
        {
            throw new HoldfastConfigurationException(
                $"{setting} is '{configured}', and this store belongs to '{stored}'. Secrets and stores are never shared between environments.");
        }
    }

    private sealed record Content(string Environment, string Issuer, string[] Fingerprints);
}
