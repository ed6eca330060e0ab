using System.Collections.Immutable;
using Holdfast.Freshness;

namespace Holdfast.Sqlite;

public sealed partial class SqliteSessionStore
{
    // How many records an "end all" clears in its own transaction; clean-up clears the rest. All of them are dead at once.
    private const int SweepBatch = 100;

    /// <inheritdoc/>
    public ValueTask<EpochReading> EndAllAsync(string tenant, string subject, SessionHandle? except, EndReason reason, CancellationToken cancellationToken) =>
        _writer.WriteAsync(
            db =>
            {
                var kept = except is { } handle && SqliteRecords.FindLive(db, handle)?.Session is { } session
                    && session.Tenant == tenant && session.Subject == subject ? session : null;
                var written = Raise(db, tenant, subject, reason);
                if (kept is not null)
                {
                    db.Execute("UPDATE sessions SET epoch = $1 WHERE handle = $0", kept.Handle.ToBytes(), written.Epoch);
                }

                SqliteFeed.Tell(db, FeedEntry.SubjectEnded(tenant, subject, kept?.Handle, written, reason));
                SqliteRecords.Sweep(db, tenant, subject, written.Epoch, SweepBatch);
                return written;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<EpochReading>> EndEveryoneAsync(string tenant, EndReason reason, CancellationToken cancellationToken) => _writer.WriteAsync(
        db =>
        {
            var written = Raise(db, tenant, "", reason);
            SqliteFeed.Tell(db, FeedEntry.EveryoneEnded(tenant, written, reason));
            SqliteRecords.Sweep(db, tenant, "", written.Epoch, SweepBatch);
            return (IReadOnlyList<EpochReading>)[written];
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PurgeResult> PurgeAsync(int batch, CancellationToken cancellationToken) =>
        _writer.WriteAsync(db => Purge(db, batch), cancellationToken);

    private EpochReading Raise(SqliteSession db, string tenant, string subject, EndReason reason)
    {
        var now = SqliteRecords.Milliseconds(Now);
        var epoch = db.Number("UPDATE highest_epoch SET epoch = MAX(epoch + 1, $0) RETURNING epoch", now)!.Value;
        db.Execute("INSERT OR REPLACE INTO epochs VALUES ($0, $1, $2, $3, $4, 0)", tenant, subject, epoch, now, (int)reason);
        return new EpochReading(0, epoch, SqliteRecords.Time(now));
    }

    private PurgeResult Purge(SqliteSession db, int batch)
    {
        var now = Now;
        var swept = SweepOldestEpoch(db, batch, out var epochsLeft);
        var ended = Expire(db, now, batch, out var expired);
        var forgotten = SqliteRecords.Milliseconds(now - SessionPolicy.EndingMemory);
        var deleted = db.Execute(
            "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE ended_at IS NOT NULL AND ended_at < $0 LIMIT $1)", forgotten, batch);

        SqliteFeed.Trim(db, forgotten, batch);

        // Once nothing carries an older epoch it may be forgotten; the highest ever stays, so that no later one is smaller.
        db.Execute(
            """
            DELETE FROM epochs WHERE (tenant, subject) IN
                (SELECT tenant, subject FROM epochs WHERE swept = 1 AND at < $0 AND subject <> '' LIMIT $1)
            """,
            forgotten,
            batch);
        return new PurgeResult(expired, deleted + swept, ended == batch || deleted == batch || epochsLeft);
    }

    private static int SweepOldestEpoch(SqliteSession db, int batch, out bool more)
    {
        var pending = db.Query(
            "SELECT tenant, subject, epoch FROM epochs WHERE swept = 0 ORDER BY at LIMIT 2",
            row => (Tenant: row.GetString(0), Subject: row.GetString(1), Epoch: row.GetInt64(2)));
        more = pending.Count > 1;
        if (pending.Count == 0)
        {
            return 0;
        }

        var (tenant, subject, epoch) = pending[0];
        var swept = SqliteRecords.Sweep(db, tenant, subject, epoch, batch);
        if (swept < batch)
        {
            db.Execute("UPDATE epochs SET swept = 1 WHERE tenant = $0 AND subject = $1", tenant, subject);
        }
        else
        {
            more = true;
        }

        return swept;
    }

    private static int Expire(SqliteSession db, DateTimeOffset now, int batch, out ImmutableArray<ExpiredSession> expired)
    {
        var handles = db.Query(
            "SELECT handle FROM sessions WHERE ended_at IS NULL AND ends_at <= $0 ORDER BY ends_at LIMIT $1",
            row => SessionHandle.FromBytes((byte[])row[0]),
            SqliteRecords.Milliseconds(now),
            batch);
        var told = ImmutableArray.CreateBuilder<ExpiredSession>();
        foreach (var handle in handles)
        {
            var session = SqliteRecords.Find(db, handle)!.Session;
            if (session.Ending is null)
            {
                var reason = SessionPolicy.Judge(session, now) == SessionState.Expired ? EndReason.Expired : EndReason.IdledOut;
                session = session.Ended(now, reason);
                told.Add(new ExpiredSession(handle, session.Tenant, session.Subject, reason));
            }

            SqliteRecords.Update(db, session);
        }

        expired = told.ToImmutable();
        return handles.Count;
    }
}
