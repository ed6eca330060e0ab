using System.Collections.Immutable;
using Holdfast.Data;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>Sessions as rows, within a transaction of the writer or on a reading connection.</summary>
internal static class SqliteRecords
{
    private const string Columns = "s.record, s.last_seen, s.epoch, s.confirmed, s.ended_at, s.data_version";

    // The newest epoch that stands over a session: its subject's or its tenant's.
    private const string Epochs = """
        LEFT JOIN epochs t ON t.tenant = s.tenant AND t.subject = ''
        LEFT JOIN epochs u ON u.tenant = s.tenant AND u.subject = s.subject
        """;

    private const string EpochColumns = "t.epoch, t.at, t.reason, u.epoch, u.at, u.reason";
    private const string NotOvertaken = "s.epoch >= COALESCE(t.epoch, 0) AND s.epoch >= COALESCE(u.epoch, 0)";

    /// <summary>The record as it stands, overtaken ones as ended.</summary>
    public static StoredSession? Find(SqliteSession db, SessionHandle handle)
    {
        var rows = db.Query($"SELECT {Columns}, {EpochColumns} FROM sessions s {Epochs} WHERE s.handle = $0", Map, handle.ToBytes());
        return rows.Count == 0 ? null : rows[0];
    }

    public static StoredSession? FindLive(SqliteSession db, SessionHandle handle) => Find(db, handle) is { Session.Ending: null } live ? live : null;

    /// <summary>A page of live sessions, newest first; of everybody in the tenant if <paramref name="subject"/> is null.</summary>
    public static List<Session> Page(SqliteSession db, string tenant, string? subject, string? cursor, int count)
    {
        var after = PageCursor.Parse(cursor) ?? new PageCursor(long.MaxValue, "~");
        var whose = subject is null ? "" : "AND s.subject = $4";
        var sql = $"""
            SELECT {Columns}, {EpochColumns} FROM sessions s {Epochs}
            WHERE s.tenant = $0 {whose} AND s.ended_at IS NULL AND (s.created, s.sid) < ($1, $2) AND {NotOvertaken}
            ORDER BY s.created DESC, s.sid DESC LIMIT $3
            """;
        var rows = subject is null
            ? db.Query(sql, Map, tenant, after.CreatedAt, after.Handle, count)
            : db.Query(sql, Map, tenant, after.CreatedAt, after.Handle, count, subject);
        return [.. rows.Select(row => row.Session)];
    }

    public static void Insert(SqliteSession db, Session session)
    {
        db.Execute(
            "INSERT INTO sessions VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10, 1, $11)",
            session.Handle.ToBytes(),
            session.Handle.ToString(),
            session.Tenant,
            session.Subject,
            session.Version,
            session.Epoch,
            Milliseconds(session.LastSeenAt),
            session.Refresh?.ConfirmedGeneration ?? 0,
            Milliseconds(session.CreatedAt),
            Milliseconds(SessionPolicy.EndsAt(session)),
            session.Upgrade is not null,
            SessionCodec.Encode(session));
    }

    /// <summary>Writes a record over the stored one. An ended one loses its data in the same transaction.</summary>
    public static void Update(SqliteSession db, Session session)
    {
        db.Execute(
            """
            UPDATE sessions SET version = $1, epoch = $2, last_seen = $3, confirmed = $4, ends_at = $5, ended_at = $6, frozen = $7, record = $8
            WHERE handle = $0
            """,
            session.Handle.ToBytes(),
            session.Version,
            session.Epoch,
            Milliseconds(session.LastSeenAt),
            session.Refresh?.ConfirmedGeneration ?? 0,
            Milliseconds(SessionPolicy.EndsAt(session)),
            session.Ending is { } ending ? Milliseconds(ending.At) : null,
            session.Upgrade is not null,
            SessionCodec.Encode(session));
        if (session.Ending is not null)
        {
            db.Execute("DELETE FROM data WHERE handle = $0", session.Handle.ToBytes());
        }
    }

    /// <summary>Moves what may move without a new version.</summary>
    public static void Move(SqliteSession db, Session session) => db.Execute(
        "UPDATE sessions SET last_seen = $1, confirmed = $2, ends_at = $3 WHERE handle = $0",
        session.Handle.ToBytes(),
        Milliseconds(session.LastSeenAt),
        session.Refresh?.ConfirmedGeneration ?? 0,
        Milliseconds(SessionPolicy.EndsAt(session)));

    /// <summary>Writes the ending of sessions that an epoch of this tenant or subject overtook; answers how many.</summary>
    public static int Sweep(SqliteSession db, string tenant, string subject, long epoch, int batch)
    {
        var whose = subject.Length == 0 ? "" : "AND subject = $3";
        var sql = $"SELECT handle FROM sessions WHERE tenant = $0 {whose} AND ended_at IS NULL AND epoch < $1 LIMIT $2";
        SessionHandle Handle(SqliteDataReader row) => SessionHandle.FromBytes((byte[])row[0]);
        var handles = subject.Length == 0 ? db.Query(sql, Handle, tenant, epoch, batch) : db.Query(sql, Handle, tenant, epoch, batch, subject);
        foreach (var handle in handles)
        {
            // Reading it is what tells its ending.
            Update(db, Find(db, handle)!.Session);
        }

        return handles.Count;
    }

    public static ImmutableDictionary<string, DataField> Data(SqliteSession db, SessionHandle handle) =>
        db.Query(
            "SELECT field, value, version FROM data WHERE handle = $0",
            row => KeyValuePair.Create(row.GetString(0), new DataField((byte[])row[1], row.GetInt64(2))),
            handle.ToBytes()).ToImmutableDictionary();

    public static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    public static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static StoredSession Map(SqliteDataReader row)
    {
        var moving = new MovingParts(Time(row.GetInt64(1)), row.GetInt64(2), (int)row.GetInt64(3));
        var session = SessionCodec.Decode((byte[])row[0], moving);
        var (ofTenant, ofSubject) = (row.IsDBNull(6) ? 0 : row.GetInt64(6), row.IsDBNull(9) ? 0 : row.GetInt64(9));
        var newest = ofTenant >= ofSubject ? 6 : 9;
        if (session.Ending is null && session.Epoch < Math.Max(ofTenant, ofSubject))
        {
            session = session.Ended(Time(row.GetInt64(newest + 1)), (EndReason)row.GetInt64(newest + 2));
        }

        return new StoredSession(session, row.GetInt64(5));
    }
}

/// <summary>A row.</summary>
/// <param name="Session">The record.</param>
/// <param name="DataVersion">The greatest version that a field of its data ever had.</param>
internal sealed record StoredSession(Session Session, long DataVersion);
