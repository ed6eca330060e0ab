using System.Collections.Concurrent;

namespace Holdfast.Freshness;

/// <summary>
/// What this node knows of one partition: the endings of its feed, and until when that is everything. One thread follows the feed; requests
/// read without a lock.
/// </summary>
/// <remarks>
/// The order matters. A writer first notes an ending, then raises the stamp, then renews the lease. A reader looks at the lease, then at the
/// stamp, then for an ending. So whoever sees a lease sees everything that it vouches for.
/// </remarks>
internal sealed class PartitionMemory(TimeSpan bound, StoreClock clock)
{
    private const long Ended = long.MaxValue;

    private readonly Lock _writing = new();
    private readonly ConcurrentDictionary<SessionHandle, long> _leastVersions = new();
    private readonly ConcurrentDictionary<(string Tenant, string Subject), long> _subjectEpochs = new();
    private readonly ConcurrentDictionary<string, long> _tenantEpochs = new();
    // With the stamp under which it was learnt, and when by this node's monotonic clock: how long that is ago no clock that is set can change.
    private readonly List<(FeedItem Item, long Stamp, TimeSpan Learnt)> _items = [];
    private FreshnessLease _lease = FreshnessLease.None;
    private long _stamp = 1;
    private long _forgotten;

    /// <summary>Rises with every piece of news. Whatever was read from the store under an older stamp must be held against the news.</summary>
    public long Stamp => Volatile.Read(ref _stamp);

    /// <summary>Whether memory may answer now.</summary>
    public bool IsFresh => Volatile.Read(ref _lease).IsGood(ClockReading.Of(clock.Node), bound);

    /// <summary>When the pull began that the lease stands on; null while it stands on nothing.</summary>
    public ClockReading? Since => Volatile.Read(ref _lease).Since;

    /// <summary>A pull sent now.</summary>
    public Pull Begin()
    {
        lock (_writing)
        {
            return _lease.Begin(ClockReading.Of(clock.Node));
        }
    }

    /// <summary>The answer to the pull. Answers what to do next, which entries were news here, and whether there are more for those who follow this node.</summary>
    public (FollowStep Step, IReadOnlyList<FeedEntry> News, bool Grew) Answer(Pull pull, FeedPage page)
    {
        lock (_writing)
        {
            Forget(pull.Began.Monotonic - SessionPolicy.EndingMemory);
            var (next, step) = _lease.Answered(pull, page, () => _items.Select(known => known.Item.Entry));
            if (step == FollowStep.StartOver)
            {
                // Whatever was read from the store until now may be of a state that it has lost. The endings stay.
                Volatile.Write(ref _lease, next);
                _items.Clear();
                DropEverythingRead();
                return (step, [], false);
            }

            if (pull.After is null && page.Items.Count > 0)
            {
                // The feed was empty when it was last read, and its oldest entries may be gone since: nothing says that these are the first.
                DropEverythingRead();
            }

            clock.Set(page.Now, pull.Began);
            FeedItem[] read = [.. page.Items.SkipWhile(item => item == pull.After)];
            FeedEntry[] news = [.. read.Select(item => item.Entry).Where(Note)];
            if (news.Length > 0)
            {
                Volatile.Write(ref _stamp, _stamp + 1);
            }

            // When it is learnt, not when it was asked for: a pull may be under way for longer than endings are remembered.
            var learnt = ClockReading.Of(clock.Node).Monotonic;
            _items.AddRange(read.Select(item => (item, _stamp, learnt)));
            Volatile.Write(ref _lease, next);
            return (step, news, read.Length > 0);
        }
    }

    /// <summary>This node's own write was acknowledged: it counts here at once. False if it was known.</summary>
    public bool Wrote(FeedEntry entry)
    {
        lock (_writing)
        {
            if (!Note(entry))
            {
                return false;
            }

            Volatile.Write(ref _stamp, _stamp + 1);
            Volatile.Write(ref _lease, _lease.Wrote(entry));
            return true;
        }
    }

    /// <summary>The endings that the store has lost.</summary>
    public IReadOnlyCollection<FeedEntry> Missing()
    {
        lock (_writing)
        {
            return [.. _lease.Owed.Values];
        }
    }

    /// <summary>
    /// At most so many entries after a mark, for those who follow this node, and the mark behind them; null if this node does not know the
    /// entry that the mark names, so that nobody can say what came between. A mark of null is the beginning.
    /// </summary>
    public (IReadOnlyList<FeedEntry> Entries, FeedMark? Mark, bool More)? After(FeedMark? mark, int count)
    {
        lock (_writing)
        {
            var start = 0;
            if (mark is { } known)
            {
                start = _items.FindIndex(item => item.Item.Position == known.Position && FeedMark.Of(item.Item) == known) + 1;
                if (start == 0)
                {
                    return null;
                }
            }

            var taken = Math.Min(count, _items.Count - start);
            var entries = _items.GetRange(start, taken).Select(item => item.Item.Entry);
            return ([.. entries], taken == 0 ? mark : FeedMark.Of(_items[start + taken - 1].Item), start + taken < _items.Count);
        }
    }

    /// <summary>
    /// Whether something read from the store under <paramref name="stamp"/> has to be read again: nothing is known for certain of times as
    /// old as that.
    /// </summary>
    public bool IsForgotten(long stamp) => stamp < Volatile.Read(ref _forgotten);

    /// <summary>Whether an ending, a step-up or an epoch stands against this session or token.</summary>
    public bool Overtakes(SessionHandle handle, string tenant, string? subject, long epoch, int credentialVersion) =>
        (_leastVersions.TryGetValue(handle, out var least) && credentialVersion < least)
        || (subject is not null && _subjectEpochs.TryGetValue((tenant, subject), out var ofSubject) && epoch < ofSubject)
        || (_tenantEpochs.TryGetValue(tenant, out var ofTenant) && epoch < ofTenant);

    private void DropEverythingRead()
    {
        Volatile.Write(ref _forgotten, _stamp + 1);
        Volatile.Write(ref _stamp, _stamp + 1);
    }

    private bool Note(FeedEntry entry) => entry.Kind switch
    {
        FeedEntryKind.SessionEnded => Raise(_leastVersions, entry.Handle!.Value, Ended),
        FeedEntryKind.CredentialsRaised => Raise(_leastVersions, entry.Handle!.Value, entry.Least),
        FeedEntryKind.SubjectEnded => Raise(_subjectEpochs, (entry.Tenant, entry.Subject!), entry.Least),
        _ => Raise(_tenantEpochs, entry.Tenant, entry.Least),
    };

    private static bool Raise<TKey>(ConcurrentDictionary<TKey, long> known, TKey key, long least)
        where TKey : notnull
    {
        if (known.TryGetValue(key, out var before) && before >= least)
        {
            return false;
        }

        known[key] = least;
        return true;
    }

    private void Forget(TimeSpan before)
    {
        var old = 0;
        while (old < _items.Count - 1 && _items[old].Learnt < before)
        {
            // In this order: whoever no longer finds the entry finds that it is too old to ask.
            Volatile.Write(ref _forgotten, Math.Max(_forgotten, _items[old].Stamp));
            Drop(_items[old].Item.Entry);
            old++;
        }

        _items.RemoveRange(0, old);
    }

    private void Drop(FeedEntry entry)
    {
        switch (entry.Kind)
        {
            case FeedEntryKind.SessionEnded:
                _leastVersions.TryRemove(entry.Handle!.Value, out _);
                break;
            case FeedEntryKind.CredentialsRaised:
                _leastVersions.TryRemove(KeyValuePair.Create(entry.Handle!.Value, entry.Least));
                break;
            case FeedEntryKind.SubjectEnded:
                _subjectEpochs.TryRemove(KeyValuePair.Create((entry.Tenant, entry.Subject!), entry.Least));
                break;
            default:
                _tenantEpochs.TryRemove(KeyValuePair.Create(entry.Tenant, entry.Least));
                break;
        }
    }
}
