using System.Collections.Concurrent;
using System.Collections.Immutable;
using Holdfast.Data;
using Holdfast.Freshness;
using Holdfast.Limits;

namespace Holdfast.Sqlite;

/// <summary>
/// Sessions in one SQLite file: survives <c>kill -9</c> and power cuts at any moment, and several processes on one machine may share
/// it (on a local disk). Reads never wait for the writer; writes that wait together are committed together.
/// </summary>
public sealed partial class SqliteSessionStore : ISessionStore, IAsyncDisposable, IDisposable
{
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly SqliteWriter _writer;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private volatile bool _disposed;

    private SqliteSessionStore(string path, TimeProvider clock, SqliteSession session)
    {
        (_path, _clock) = (path, clock);
        _writer = new SqliteWriter(session);
    }

    private DateTimeOffset Now => SqliteRecords.Time(_clock.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Opens a store, creating the file (mode 0600) and its directory if there are none.</summary>
    /// <exception cref="HoldfastConfigurationException">It cannot be opened, is no database, or a newer version wrote it.</exception>
    public static SqliteSessionStore Open(string path, TimeProvider clock) => new(path, clock, SqliteSchema.Open(path));

    /// <inheritdoc/>
    public ValueTask<SubjectReading> ReadSubjectAsync(string tenant, string? subject, CancellationToken cancellationToken) =>
        ReadAsync(db => new SubjectReading(0, EpochOf(db, tenant, subject), Now), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken) =>
        ReadAsync(db => new SessionReading(SqliteRecords.Find(db, handle)?.Session, Now), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionPage> ListAsync(string tenant, string subject, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        PageAsync(tenant, subject, cursor, pageSize, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionPage> BrowseAsync(string tenant, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        PageAsync(tenant, null, cursor, pageSize, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken) => ReadAsync(
        db => SqliteRecords.FindLive(db, handle) is null ? null : new SessionData(SqliteRecords.Data(db, handle)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreDocument?> ReadDocumentAsync(string name, CancellationToken cancellationToken) => ReadAsync(
        db => db.Query("SELECT content, version FROM documents WHERE name = $0", row => new StoreDocument((byte[])row[0], row.GetInt64(1)), name)
            .SingleOrDefault(),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CreateResult> CreateAsync(NewSession session, CancellationToken cancellationToken) =>
        _writer.WriteAsync(db => Create(db, session), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ReplaceAsync(Session next, long expectedVersion, CancellationToken cancellationToken) => _writer.WriteAsync(
        db =>
        {
            if (SqliteRecords.FindLive(db, next.Handle)?.Session is not { } stored || stored.Version != expectedVersion)
            {
                return false;
            }

            SqliteRecords.Update(db, next with
            {
                LastSeenAt = Later(next.LastSeenAt, stored.LastSeenAt),
                Epoch = Math.Max(next.Epoch, stored.Epoch),
                Refresh = Confirmed(next, stored.Refresh?.ConfirmedGeneration ?? 0).Refresh,
            });
            SqliteFeed.Tell(db, FeedEntry.Of(stored, next));
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask TouchAsync(IReadOnlyCollection<SessionTouch> batch, CancellationToken cancellationToken) => await _writer.WriteAsync(
        db =>
        {
            var now = Now;
            foreach (var touch in batch)
            {
                if (SqliteRecords.FindLive(db, touch.Handle)?.Session is { } session)
                {
                    var seen = touch.SeenAt is not { } at ? session.LastSeenAt : at > now ? now : at;
                    SqliteRecords.Move(db, Confirmed(session, touch.ConfirmedGeneration) with { LastSeenAt = Later(seen, session.LastSeenAt) });
                }
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DataWriteStatus> WriteDataAsync(
        SessionHandle handle, IReadOnlyCollection<DataChange> changes, int maxBytes, CancellationToken cancellationToken) => _writer.WriteAsync(
        db =>
        {
            if (SqliteRecords.FindLive(db, handle) is not { } stored)
            {
                return DataWriteStatus.NotLive;
            }

            if (stored.Session.Upgrade is not null)
            {
                return DataWriteStatus.Frozen;
            }

            var version = stored.DataVersion + 1;
            var (status, _) = DataWrite.Apply(SqliteRecords.Data(db, handle), changes, version, maxBytes);
            if (status == DataWriteStatus.Written)
            {
                Write(db, handle, changes, version);
            }

            return status;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> WriteDocumentAsync(string name, ReadOnlyMemory<byte> content, long expectedVersion, CancellationToken cancellationToken) =>
        _writer.WriteAsync(
            db => expectedVersion == 0
                ? db.Execute("INSERT OR IGNORE INTO documents VALUES ($0, $1, 1)", name, content.ToArray()) == 1
                : db.Execute("UPDATE documents SET content = $1, version = $2 + 1 WHERE name = $0 AND version = $2", name, content.ToArray(), expectedVersion) == 1,
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        _watch?.Dispose();
        await _writer.DisposeAsync();
        CloseReaders();
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>A setting of the connection that writes.</summary>
    internal long? WriterSetting(string pragma) =>
        _writer.WriteAsync(db => db.Number(pragma), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static CreateResult Create(SqliteSession db, NewSession request, DateTimeOffset now)
    {
        var session = request.Session;
        if (SqliteRecords.Find(db, session.Handle)?.Session is { } existing)
        {
            return CreateResult.Of(existing.Ending is null ? CreateStatus.Created : CreateStatus.Ended);
        }

        if (EpochOf(db, session.Tenant, session.Subject) != session.Epoch)
        {
            return CreateResult.Of(CreateStatus.EpochMoved);
        }

        ImmutableArray<Session> live = session.Subject is null || request.Limit.Max == 0 ? [] :
            [.. SqliteRecords.Page(db, session.Tenant, session.Subject, null, int.MaxValue).Where(other => SessionPolicy.Judge(other, now) == SessionState.Live)];
        var verdict = request.Limit.Decide([.. live.Select(other => new LimitCandidate(other.Handle, other.CreatedAt, other.LastSeenAt))]);
        if (!verdict.Admitted)
        {
            return CreateResult.Of(CreateStatus.LimitReached);
        }

        foreach (var evicted in live.Where(other => verdict.Evicted.Contains(other.Handle)))
        {
            SqliteRecords.Update(db, evicted.Ended(now, EndReason.Evicted));
            SqliteFeed.Tell(db, FeedEntry.SessionEnded(evicted.Tenant, evicted.Handle, EndReason.Evicted, now));
        }

        SqliteRecords.Insert(db, session);
        Write(db, session.Handle, [.. request.Data.Select(field => new DataChange(field.Key, field.Value))], 1);
        return new CreateResult(CreateStatus.Created, verdict.Evicted);
    }

    private CreateResult Create(SqliteSession db, NewSession request) => Create(db, request, Now);

    private static void Write(SqliteSession db, SessionHandle handle, IReadOnlyCollection<DataChange> changes, long version)
    {
        foreach (var change in changes)
        {
            if (change.Value is { } value)
            {
                db.Execute("INSERT OR REPLACE INTO data VALUES ($0, $1, $2, $3)", handle.ToBytes(), change.Field, value.ToArray(), version);
            }
            else
            {
                db.Execute("DELETE FROM data WHERE handle = $0 AND field = $1", handle.ToBytes(), change.Field);
            }
        }

        db.Execute("UPDATE sessions SET data_version = $1 WHERE handle = $0", handle.ToBytes(), version);
    }

    private static long EpochOf(SqliteSession db, string tenant, string? subject) =>
        db.Number("SELECT MAX(epoch) FROM epochs WHERE tenant = $0 AND subject IN ('', $1)", tenant, subject ?? "") ?? 0;

    private static Session Confirmed(Session session, int generation) => session.Refresh is { } lineage && lineage.ConfirmedGeneration < generation
        ? session with { Refresh = lineage with { ConfirmedGeneration = generation } } : session;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
