using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Server.Applications;

/// <summary>An application, ready to be asked about.</summary>
/// <param name="Application">As it is stored.</param>
/// <param name="Terms">What holds for its sessions.</param>
/// <param name="SigningKeys">The keys of its assertions.</param>
internal sealed record KnownApplication(Application Application, SessionTerms Terms, IReadOnlyList<SecurityKey> SigningKeys)
{
    public string Id => Application.Id;

    public bool May(string scope) => Application.Scopes.Contains(scope);
}

/// <summary>
/// The applications of this server, in one document of the store. What is known is trusted for <see cref="FreshFor"/>: so long a key that
/// was rotated away may still work on another node. What is not known is looked up at once. A silent store is an answer to nobody.
/// </summary>
internal sealed class ApplicationDirectory(ISessionStore store, HoldfastOptions options, TimeProvider clock)
{
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(5);

    private const string Document = "applications";

    private readonly SemaphoreSlim _loading = new(1, 1);
    private Loaded? _loaded;

    /// <summary>Whose key this is; null if nobody's.</summary>
    public ValueTask<KnownApplication?> FindByKeyAsync(ApiKey key, CancellationToken cancellationToken) =>
        FindAsync(loaded => loaded.ByKey.GetValueOrDefault(key.Digest), cancellationToken);

    public ValueTask<KnownApplication?> FindByIdAsync(string id, CancellationToken cancellationToken) =>
        FindAsync(loaded => loaded.ById.GetValueOrDefault(id), cancellationToken);

    /// <summary>The application whose pages this origin serves.</summary>
    public ValueTask<KnownApplication?> FindByOriginAsync(string origin, CancellationToken cancellationToken) =>
        FindAsync(loaded => loaded.ById.Values.FirstOrDefault(known => known.Application.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase)), cancellationToken);

    /// <summary>Whether some application's clients run on pages of this origin.</summary>
    public async ValueTask<bool> AllowsOriginAsync(string origin, CancellationToken cancellationToken) =>
        await FindAsync(loaded => loaded.ById.Values.FirstOrDefault(known => known.Application.AllowedOrigins.Contains(origin)), cancellationToken) is not null;

    /// <summary>All of them as the store has them now.</summary>
    public async ValueTask<ImmutableArray<Application>> ListAsync(CancellationToken cancellationToken) =>
        Read(await store.ReadDocumentAsync(Document, cancellationToken));

    /// <summary>Changes the list, and again on the newest one if somebody else was faster. The change answers null to change nothing.</summary>
    /// <exception cref="HoldfastConfigurationException">An application would break a rule.</exception>
    public async Task UpdateAsync(Func<ImmutableArray<Application>, ImmutableArray<Application>?> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var document = await store.ReadDocumentAsync(Document, cancellationToken);
            if (change(Read(document)) is not { } next)
            {
                return;
            }

            Know(next);
            var bytes = JsonSerializer.SerializeToUtf8Bytes(next, ApplicationJson.Default.ImmutableArrayApplication);
            if (await store.WriteDocumentAsync(Document, bytes, document?.Version ?? 0, cancellationToken))
            {
                _loaded = null;
                return;
            }
        }
    }

    private async ValueTask<KnownApplication?> FindAsync(Func<Loaded, KnownApplication?> find, CancellationToken cancellationToken)
    {
        var asked = clock.GetTimestamp();
        if (_loaded is { } known && clock.GetElapsedTime(known.At) < FreshFor && find(known) is { } found)
        {
            return found;
        }

        // One load at a time, whatever the number of unknown keys: a load that began after we asked answers for us, too.
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (_loaded is not { } loaded || loaded.At < asked)
            {
                var at = clock.GetTimestamp();
                loaded = Know(await ListAsync(cancellationToken)) with { At = at };
                _loaded = loaded;
            }

            return find(loaded);
        }
        finally
        {
            _loading.Release();
        }
    }

    private Loaded Know(ImmutableArray<Application> applications)
    {
        foreach (var application in applications)
        {
            if (application.Validate(options).FirstOrDefault() is { } broken)
            {
                throw new HoldfastConfigurationException($"The application '{application.Id}' breaks a rule. {broken}");
            }
        }

        KnownApplication[] known =
            [.. applications.Select(application => new KnownApplication(application, ApplicationPolicy.TermsOf(application, options), ClientKeys.Read(application.Jwks)))];
        return new Loaded(
            0,
            known.ToDictionary(one => one.Id, StringComparer.Ordinal),
            known.SelectMany(one => one.Application.Keys.Select(key => (key.Digest, one))).ToDictionary(pair => pair.Digest, pair => pair.one, StringComparer.Ordinal));
    }

    private static ImmutableArray<Application> Read(StoreDocument? document) =>
        document is null ? [] : JsonSerializer.Deserialize(document.Content.Span, ApplicationJson.Default.ImmutableArrayApplication);

    private sealed record Loaded(long At, Dictionary<string, KnownApplication> ById, Dictionary<string, KnownApplication> ByKey);
}
