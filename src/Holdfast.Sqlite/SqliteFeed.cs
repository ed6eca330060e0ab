using Holdfast.Freshness;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>The feed as rows: appended in the transaction of the write that they tell of.</summary>
internal static class SqliteFeed
{
    public static void Tell(SqliteSession db, FeedEntry? entry)
    {
        if (entry is not null)
        {
            db.Execute(
                "INSERT INTO feed (kind, tenant, handle, subject, least, reason, at) VALUES ($0, $1, $2, $3, $4, $5, $6)",
                (int)entry.Kind,
                entry.Tenant,
                entry.Handle?.ToBytes(),
                entry.Subject,
                entry.Least,
                (int)entry.Reason,
                SqliteRecords.Milliseconds(entry.At));
        }
    }

    public static List<FeedItem> Page(SqliteSession db, long from, int count) => db.Query(
        "SELECT place, kind, tenant, handle, subject, least, reason, at FROM feed WHERE place >= $0 ORDER BY place LIMIT $1", Map, from, count);

    /// <summary>Drops what is old from the beginning, but never the newest: whoever follows a quiet feed must find where they are.</summary>
    public static void Trim(SqliteSession db, long before, int batch) => db.Execute(
        """
        DELETE FROM feed WHERE place IN (SELECT place FROM feed WHERE place <
            COALESCE((SELECT place FROM feed WHERE at >= $0 ORDER BY place LIMIT 1), (SELECT MAX(place) FROM feed)) ORDER BY place LIMIT $1)
        """,
        before,
        batch);

    /// <summary>Does again what an entry says, if the file has lost it, and tells it again.</summary>
    public static void Restore(SqliteSession db, FeedEntry entry)
    {
        switch (entry.Kind)
        {
            case FeedEntryKind.SessionEnded when SqliteRecords.FindLive(db, entry.Handle!.Value) is { Session: var session }:
                SqliteRecords.Update(db, session.Ended(entry.At, entry.Reason));
                break;

            case FeedEntryKind.SubjectEnded or FeedEntryKind.EveryoneEnded:
                db.Execute("UPDATE highest_epoch SET epoch = MAX(epoch, $0)", entry.Least);
                db.Execute(
                    """
                    INSERT INTO epochs VALUES ($0, $1, $2, $3, $4, 0) ON CONFLICT DO UPDATE
                    SET epoch = excluded.epoch, at = excluded.at, reason = excluded.reason, swept = 0 WHERE excluded.epoch > epoch
                    """,
                    entry.Tenant,
                    entry.Subject ?? "",
                    entry.Least,
                    SqliteRecords.Milliseconds(entry.At),
                    (int)entry.Reason);
                break;
        }

        Tell(db, entry);
    }

    private static FeedItem Map(SqliteDataReader row) => new(new FeedPosition(0, row.GetInt64(0)), new FeedEntry
    {
        Kind = (FeedEntryKind)row.GetInt64(1),
        Tenant = row.GetString(2),
        Handle = row.IsDBNull(3) ? null : SessionHandle.FromBytes((byte[])row[3]),
        Subject = row.IsDBNull(4) ? null : row.GetString(4),
        Least = row.GetInt64(5),
        Reason = (EndReason)row.GetInt64(6),
        At = SqliteRecords.Time(row.GetInt64(7)),
    });
}
