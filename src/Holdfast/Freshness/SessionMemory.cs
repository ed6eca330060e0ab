using System.Diagnostics.CodeAnalysis;
using Holdfast.Tokens;

namespace Holdfast.Freshness;

/// <summary>
/// What this node remembers, and may answer from: live sessions, and every ending of the last <see cref="SessionPolicy.EndingMemory"/>.
/// Only "live" ever comes from here; anything else is the store's to say. Safe from any number of threads, and without locks for those
/// who ask.
/// </summary>
public sealed class SessionMemory
{
    private readonly PartitionMemory[] _partitions;
    private readonly SessionCache _cache;
    private readonly TimeSpan _renewAfter;

    /// <summary>An empty one, which answers nothing until somebody follows the store's feed for it.</summary>
    /// <param name="partitions">How many partitions the store has.</param>
    /// <param name="options">The staleness bound and the cache's limits.</param>
    /// <param name="clock">The store's clock as this node knows it.</param>
    public SessionMemory(int partitions, HoldfastOptions options, StoreClock clock)
    {
        Clock = clock;
        _renewAfter = options.RenewSecretAfter;
        _cache = new SessionCache(options.CachedSessions, options.CachedBytes);
        _partitions = [.. Enumerable.Range(0, partitions).Select(_ => new PartitionMemory(options.MaxStaleness, clock))];
    }

    /// <summary>
    /// Raised when an ending or a step-up became known, from wherever it came: for what must happen at once on this node.
    /// A handler must be quick and must not throw.
    /// </summary>
    public event Action<FeedEntry>? Learned;

    /// <summary>
    /// Raised when a partition's feed did not go on where it was left: an ending may have been missed, and what stays open must be looked at.
    /// </summary>
    public event Action<int>? StartedOver;

    /// <summary>
    /// Raised when <see cref="ReadFeed"/> has more to tell: also what this node wrote, which it has learnt before. A handler must be quick and must not throw.
    /// </summary>
    public event Action? FeedGrew;

    /// <summary>The store's time as this node knows it.</summary>
    public StoreClock Clock { get; }

    /// <summary>How many sessions are remembered.</summary>
    public int Count => _cache.Count;

    /// <summary>About how much memory they take, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>Whether somebody follows the feed. If not, every check asks the store.</summary>
    public bool IsFollowed { get; internal set; }

    /// <summary>How many partitions have no lease now.</summary>
    public int Lapsed => _partitions.Count(partition => !partition.IsFresh);

    /// <summary>How many partitions the store has.</summary>
    public int PartitionCount => _partitions.Length;

    internal IReadOnlyList<PartitionMemory> Partitions => _partitions;

    /// <summary>Whether memory may answer about this session now.</summary>
    public bool IsFresh(SessionHandle handle) => handle.Partition < _partitions.Length && _partitions[handle.Partition].IsFresh;

    /// <summary>
    /// What those who follow this node have to be told. The moment is read before the entries, so that it promises no more than they hold.
    /// </summary>
    /// <param name="after">How far they have read; null for the beginning.</param>
    /// <param name="tenant">Whose entries they may see.</param>
    /// <param name="count">The most entries to look through.</param>
    public FeedNews ReadFeed(FeedMarks? after, string tenant, int count)
    {
        var since = _partitions.Select(partition => partition.Since?.Monotonic).ToArray();
        var read = new (IReadOnlyList<FeedEntry> Entries, FeedMark? Mark, bool More)?[_partitions.Length];
        var left = count;
        for (var partition = 0; partition < read.Length; partition++)
        {
            read[partition] = _partitions[partition].After(after?.Marks[partition], left);
            if (read[partition] is not { } page)
            {
                return ReadFeed(null, tenant, count) with { StartsOver = true };
            }

            left -= page.Entries.Count;
        }

        return new FeedNews(
            [.. read.SelectMany((page, partition) => page!.Value.Entries.Where(entry => entry.Tenant == tenant).Select(entry => (partition, entry)))],
            new FeedMarks([.. read.Select(page => page!.Value.Mark)]),
            read.Any(page => page!.Value.More),
            after is null,
            since.Contains(null) ? null : since.Min());
    }

    /// <summary>The session that a cookie proves, if memory can say so; false says nothing.</summary>
    internal bool TryRecall(SessionHandle handle, Digest digest, string tenant, out DateTimeOffset now, [NotNullWhen(true)] out RememberedSession? session)
    {
        (now, session) = (default, null);
        if (!IsFresh(handle) || !_cache.TryGet(handle, out var known) || known.Digest != digest || known.Tenant != tenant)
        {
            return false;
        }

        now = Clock.GetUtcNow();
        if (!known.IsEnough(now) || !IsStillLive(handle, known))
        {
            return false;
        }

        session = known;
        return true;
    }

    /// <summary>
    /// Whether the session of a genuine access token lives, if memory can say so. Tokens are younger than what is remembered of endings, so
    /// this needs no record.
    /// </summary>
    internal bool Vouches(VerifiedToken token)
    {
        var facts = token.Facts;
        if (!IsFresh(facts.Handle))
        {
            return false;
        }

        var partition = _partitions[facts.Handle.Partition];
        var stamp = partition.Stamp;
        if (token.Stamp != stamp)
        {
            if (partition.Overtakes(facts.Handle, facts.Tenant, facts.Subject, facts.Epoch, facts.CredentialVersion))
            {
                return false;
            }

            token.Stamp = stamp;
        }

        return true;
    }

    /// <summary>To be taken before a session is read, and given to <see cref="Remember"/> with it.</summary>
    internal long StampOf(SessionHandle handle) => handle.Partition < _partitions.Length ? _partitions[handle.Partition].Stamp : 0;

    /// <summary>Keeps a session that was read as live under <paramref name="stamp"/>; null if it is not one to be kept.</summary>
    internal RememberedSession? Remember(Session session, DateTimeOffset now, long stamp)
    {
        if (!IsFollowed || session.Handle.Partition >= _partitions.Length || Overtakes(session) || RememberedSession.Of(session, now, _renewAfter, stamp) is not { } known)
        {
            return null;
        }

        _cache.Put(session.Handle, known);
        return known;
    }

    /// <summary>Whether a record that was read some time ago is known to be overtaken.</summary>
    internal bool Overtakes(Session session) => session.Handle.Partition < _partitions.Length && _partitions[session.Handle.Partition].Overtakes(
        session.Handle, session.Tenant, session.Subject, session.Epoch, session.CredentialVersion);

    /// <summary>A write of this node was acknowledged: it counts here from now on, whatever becomes of the feed.</summary>
    internal void Wrote(byte partition, FeedEntry entry)
    {
        if (partition < _partitions.Length && _partitions[partition].Wrote(entry))
        {
            Learned?.Invoke(entry);
        }
    }

    /// <summary>A pull was answered.</summary>
    internal FollowStep Answer(int partition, Pull pull, FeedPage page)
    {
        var (step, news, grew) = _partitions[partition].Answer(pull, page);
        foreach (var entry in news)
        {
            Learned?.Invoke(entry);
        }

        if (grew)
        {
            FeedGrew?.Invoke();
        }

        if (step == FollowStep.StartOver)
        {
            StartedOver?.Invoke(partition);
        }

        return step;
    }

    // An entry that was read before the latest news is held against it once, and then carries the stamp of that news.
    private bool IsStillLive(SessionHandle handle, RememberedSession known)
    {
        var partition = _partitions[handle.Partition];
        var stamp = partition.Stamp;
        if (known.Stamp == stamp)
        {
            return true;
        }

        var session = known.ToSession(handle);
        if (partition.Overtakes(handle, session.Tenant, session.Subject, session.Epoch, session.CredentialVersion)
            || partition.IsForgotten(known.Stamp))
        {
            _cache.Remove(handle);
            return false;
        }

        known.Stamp = stamp;
        return true;
    }
}
