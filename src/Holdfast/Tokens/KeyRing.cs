using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Holdfast.Tokens;

/// <summary>
/// The signing keys of an installation. They live in the store, sealed; every node reads them, any node adds the next one when it is
/// due. Safe from any number of threads.
/// </summary>
public sealed class KeyRing(ISessionStore store, MasterKeys masterKeys, HoldfastOptions options, TimeProvider clock)
{
    private const string Document = "signing-keys";

    /// <summary>However many unknown key ids arrive, the store is asked for new keys at most once in this time.</summary>
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(1);

    /// <summary>Keys that other nodes added are noticed at the latest after this time.</summary>
    private static readonly TimeSpan RefreshInterval = KeySchedule.JwksCacheLifetime / 4;

    private readonly VerifiedTokens _verified = new();
    private readonly SemaphoreSlim _loading = new(1, 1);
    private Loaded? _loaded;

    /// <summary>
    /// An access token of <paramref name="session"/> for <paramref name="audience"/> (RFC 9068), at most as long as the session lives.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The keys could not be read.</exception>
    public async ValueTask<AccessToken> IssueAsync(Session session, string audience, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(RefreshInterval, cancellationToken);
        var signing = KeySchedule.Signing(keys, clock.GetUtcNow()) ?? throw new StoreUnavailableException("There is no signing key yet.");
        return AccessTokenFormat.Write(session, audience, now, signing.Credentials, options);
    }

    /// <summary>
    /// A token that was verified before, whose key is still accepted and whose time is not over; false says nothing. Asks nobody.
    /// </summary>
    internal bool TryRecall(ReadOnlySpan<char> token, string audience, [NotNullWhen(true)] out VerifiedToken? verified)
    {
        verified = null;
        if (_loaded is not { } loaded || clock.GetElapsedTime(loaded.At) >= RefreshInterval || !_verified.TryFind(token, out var known)
            || Find(loaded.Keys, known.KeyId) is null || AccessTokenFormat.Judge(known.Facts, audience, clock.GetUtcNow()).Facts is null)
        {
            return false;
        }

        verified = known;
        return true;
    }

    /// <summary>Verifies a presented access token: form, key, signature, issuer, audience and time. The session is not looked at.</summary>
    /// <exception cref="StoreUnavailableException">The keys could not be read.</exception>
    public async ValueTask<AccessTokenCheck> VerifyAsync(string token, string audience, CancellationToken cancellationToken)
    {
        if (TryRecall(token, audience, out var known))
        {
            return new AccessTokenCheck(AccessTokenFault.None, known.Facts) { Verified = known };
        }

        if (AccessTokenShape.Read(token) is not var (algorithm, keyId))
        {
            return new AccessTokenCheck(AccessTokenFault.Invalid, null);
        }

        var key = Find(await KeysAsync(RefreshInterval, cancellationToken), keyId)
            ?? Find(await KeysAsync(ReloadInterval, cancellationToken), keyId);
        if (key is null || key.Algorithm != algorithm)
        {
            return new AccessTokenCheck(AccessTokenFault.Invalid, null);
        }

        var check = await AccessTokenFormat.ReadAsync(token, audience, key, options, clock.GetUtcNow());
        if (check.Facts is not { } facts)
        {
            return check;
        }

        var verified = new VerifiedToken(key.Id, facts);
        _verified.Add(token, verified);
        return check with { Verified = verified };
    }

    /// <summary>The public keys, as a JWK set (RFC 7517). Symmetric keys are never in it.</summary>
    public async ValueTask<string> JwksJsonAsync(CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(RefreshInterval, cancellationToken);
        return JsonSerializer.Serialize(new { keys = keys.Select(key => key.ToPublicJwk()).OfType<Dictionary<string, string>>() });
    }

    /// <summary>Adds the next key if it is time, and drops those that no token can meet any more. True if a key was added.</summary>
    public ValueTask<bool> RotateIfDueAsync(CancellationToken cancellationToken) => RotateAsync(evenIfNotDue: false, cancellationToken);

    /// <summary>
    /// Adds the next key now, whatever the time. It signs as soon as everybody can have read it: one cache lifetime later.
    /// </summary>
    public async ValueTask RotateAsync(CancellationToken cancellationToken) => await RotateAsync(evenIfNotDue: true, cancellationToken);

    /// <summary>The keys as the store has them now, the newest first, without anything secret.</summary>
    public async ValueTask<ImmutableArray<SigningKeyInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(TimeSpan.Zero, cancellationToken);
        var signing = KeySchedule.Signing(keys, clock.GetUtcNow());
        return [.. keys.OrderByDescending(key => key.ActiveFrom).Select(key => new SigningKeyInfo(key.Id, key.Algorithm, key.CreatedAt, key.ActiveFrom, key == signing))];
    }

    private async ValueTask<bool> RotateAsync(bool evenIfNotDue, CancellationToken cancellationToken)
    {
        while (true)
        {
            var document = await store.ReadDocumentAsync(Document, cancellationToken);
            var stored = Stored(document);
            var keys = Open(stored);
            var now = clock.GetUtcNow();
            var lifetime = evenIfNotDue ? TimeSpan.Zero : options.SigningKeyLifetime;
            if (KeySchedule.NextActiveFrom(keys, options.SigningAlgorithm, lifetime, now) is not { } activeFrom)
            {
                Remember(keys);
                return false;
            }

            // A key that this node cannot open is another node's to judge, and stays.
            string[] spent = [.. keys.Except(KeySchedule.Needed(keys, now)).Select(key => key.Id)];
            var added = SigningKey.New(options.SigningAlgorithm, now, activeFrom);
            SealedSigningKey[] next = [.. stored.Where(key => !spent.Contains(key.Id)), added.Seal(masterKeys.Active)];
            if (await store.WriteDocumentAsync(Document, JsonSerializer.SerializeToUtf8Bytes(next), document?.Version ?? 0, cancellationToken))
            {
                Remember([.. keys.Where(key => !spent.Contains(key.Id)), added]);
                return true;
            }
        }
    }

    private static SigningKey? Find(SigningKey[] keys, string id) => Array.Find(keys, key => key.Id == id);

    private async ValueTask<SigningKey[]> KeysAsync(TimeSpan notOlderThan, CancellationToken cancellationToken)
    {
        if (_loaded is { } known && clock.GetElapsedTime(known.At) < notOlderThan)
        {
            return known.Keys;
        }

        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (_loaded is { } meanwhile && clock.GetElapsedTime(meanwhile.At) < notOlderThan)
            {
                return meanwhile.Keys;
            }

            return Remember(Open(Stored(await store.ReadDocumentAsync(Document, cancellationToken))));
        }
        finally
        {
            _loading.Release();
        }
    }

    private static SealedSigningKey[] Stored(StoreDocument? document) =>
        document is null ? [] : JsonSerializer.Deserialize<SealedSigningKey[]>(document.Content.Span) ?? [];

    // Opened keys are kept: IdentityModel caches what it makes of them, and making one again costs several verifications.
    private SigningKey[] Open(SealedSigningKey[] stored)
    {
        var known = _loaded?.Keys ?? [];
        return [.. stored.Select(one => Find(known, one.Id) ?? SigningKey.Open(one, masterKeys)).OfType<SigningKey>()];
    }

    private SigningKey[] Remember(SigningKey[] keys)
    {
        _loaded = new Loaded(keys, clock.GetTimestamp());
        return keys;
    }

    private sealed record Loaded(SigningKey[] Keys, long At);
}

/// <summary>A signing key, for whoever looks after them.</summary>
/// <param name="Id">Its <c>kid</c>.</param>
/// <param name="Algorithm">Its algorithm.</param>
/// <param name="CreatedAt">When it was made and announced.</param>
/// <param name="ActiveFrom">From when it signs, until a newer one does.</param>
/// <param name="Signs">Whether it is the one that signs now.</param>
public sealed record SigningKeyInfo(string Id, string Algorithm, DateTimeOffset CreatedAt, DateTimeOffset ActiveFrom, bool Signs);
