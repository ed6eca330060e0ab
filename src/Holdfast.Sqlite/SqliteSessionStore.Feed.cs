using Holdfast.Freshness;

namespace Holdfast.Sqlite;

public sealed partial class SqliteSessionStore
{
    // What another process wrote is noticed after this time at the latest; looking takes microseconds.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock _watching = new();
    private Action<int>? _news;
    private SqliteWatch? _watch;

    /// <inheritdoc/>
    public int Partitions => 1;

    /// <inheritdoc/>
    public ValueTask<FeedPage> PullAsync(int partition, FeedPosition? from, int count, string node, CancellationToken cancellationToken) => ReadAsync(
        db =>
        {
            var items = SqliteFeed.Page(db, from?.Step ?? 0, count + 1);
            return new FeedPage(items.Count > count ? items[..count] : items, items.Count > count, Now);
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RestoreAsync(int partition, IReadOnlyCollection<FeedEntry> entries, CancellationToken cancellationToken) => await _writer.WriteAsync(
        db =>
        {
            foreach (var entry in entries)
            {
                SqliteFeed.Restore(db, entry);
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public IDisposable OnNews(Action<int> ring)
    {
        lock (_watching)
        {
            _news += ring;
            _watch ??= new SqliteWatch(new SqliteSession(_path, writable: false), WatchInterval, () => _news?.Invoke(0));
        }

        return new NewsSubscription(() => _news -= ring);
    }
}
