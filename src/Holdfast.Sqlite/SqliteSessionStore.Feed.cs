using Holdfast.Freshness;

namespace Holdfast.Sqlite;

public sealed partial class SqliteSessionStore
{
    // What another process wrote is noticed after this time at the latest; looking takes microseconds.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock _watching = new();
    private Action<int>? _news;
    private Watch? _watch;
    private long? _dataVersion;

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
            if (_watch is null)
            {
                // One connection of its own: SQLite tells each connection what the others have committed.
                var reader = new SqliteSession(_path, writable: false);
                _watch = new Watch(TimeProvider.System.CreateTimer(_ => Look(reader), null, WatchInterval, WatchInterval), reader);
            }
        }

        return new NewsSubscription(() => _news -= ring);
    }

    private void Look(SqliteSession reader)
    {
        if (!_watching.TryEnter())
        {
            return;
        }

        try
        {
            var version = _disposed ? _dataVersion : reader.Number("PRAGMA data_version");
            if (version != _dataVersion)
            {
                _dataVersion = version;
                _news?.Invoke(0);
            }
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            // Whoever pulls will hear of it.
        }
        finally
        {
            _watching.Exit();
        }
    }

    // The reader closes behind the last look.
    private sealed class Watch(ITimer timer, SqliteSession reader) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await timer.DisposeAsync();
            reader.Dispose();
        }
    }
}
