using Holdfast.Freshness;

namespace Holdfast;

public sealed partial class MemorySessionStore
{
    private readonly List<FeedItem> _feed = [];
    private long _told;
    private Action<int>? _news;

    /// <inheritdoc/>
    public int Partitions => 1;

    /// <inheritdoc/>
    public ValueTask<FeedPage> PullAsync(int partition, FeedPosition? from, int count, string node, CancellationToken cancellationToken) => Locked(
        () =>
        {
            var start = from is { } position ? _feed.FindIndex(item => item.Position.CompareTo(position) >= 0) : 0;
            var items = start < 0 ? [] : _feed.GetRange(start, Math.Min(count, _feed.Count - start));
            return new FeedPage(items, start >= 0 && start + items.Count < _feed.Count, Now);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask RestoreAsync(int partition, IReadOnlyCollection<FeedEntry> entries, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                switch (entry.Kind)
                {
                    case FeedEntryKind.SessionEnded:
                        ReadLive(entry.Handle!.Value)?.End(entry.At, entry.Reason);
                        break;
                    case FeedEntryKind.SubjectEnded:
                        Raise(_subjectEpochs, (entry.Tenant, entry.Subject!), entry);
                        break;
                    case FeedEntryKind.EveryoneEnded:
                        Raise(_tenantEpochs, entry.Tenant, entry);
                        break;
                }

                Tell(entry);
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public IDisposable OnNews(Action<int> ring)
    {
        _news += ring;
        return new NewsSubscription(() => _news -= ring);
    }

    private void Raise<TKey>(Dictionary<TKey, Epoch> epochs, TKey key, FeedEntry entry)
        where TKey : notnull
    {
        _highestEpoch = Math.Max(_highestEpoch, entry.Least);
        if (epochs.GetValueOrDefault(key).Value < entry.Least)
        {
            epochs[key] = new Epoch(entry.Least, entry.At, entry.Reason);
        }
    }

    private void Tell(FeedEntry? entry)
    {
        if (entry is not null)
        {
            _feed.Add(new FeedItem(new FeedPosition(0, ++_told), entry));
            _news?.Invoke(0);
        }
    }

    // Everything but the newest entry, so that whoever follows finds where they are.
    private void TrimFeed(DateTimeOffset before)
    {
        var old = _feed.FindIndex(item => item.Entry.At >= before);
        _feed.RemoveRange(0, old >= 0 ? old : Math.Max(0, _feed.Count - 1));
    }
}
