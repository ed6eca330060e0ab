using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>The tables, and the one way in which a database file becomes a store.</summary>
internal static class SqliteSchema
{
    private const int Version = 2;

    // What version 1 did not have. Numbers are never used again: whoever follows must not mistake one entry for another.
    private static readonly string[] Feed =
    [
        """
        CREATE TABLE feed (
            place INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, tenant TEXT NOT NULL, handle BLOB, subject TEXT, least INTEGER NOT NULL,
            reason INTEGER NOT NULL, at INTEGER NOT NULL)
        """,
    ];

    // Tokens of what ended under version 1 may still be about.
    private static readonly string[] ToldAgain =
    [
        $"INSERT INTO feed (kind, tenant, handle, least, reason, at) SELECT 0, tenant, handle, 0, {(int)EndReason.Revoked}, ended_at FROM sessions WHERE ended_at IS NOT NULL ORDER BY ended_at",
        "INSERT INTO feed (kind, tenant, subject, least, reason, at) SELECT CASE subject WHEN '' THEN 3 ELSE 2 END, tenant, NULLIF(subject, ''), epoch, reason, at FROM epochs ORDER BY at",
    ];

    private static readonly string[] Create =
    [
        // A live session has no ended_at. ends_at follows last_seen, so that clean-up needs an index and no scan.
        """
        CREATE TABLE sessions (
            handle BLOB PRIMARY KEY, sid TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT, version INTEGER NOT NULL, epoch INTEGER NOT NULL,
            last_seen INTEGER NOT NULL, confirmed INTEGER NOT NULL, created INTEGER NOT NULL, ends_at INTEGER NOT NULL, ended_at INTEGER,
            frozen INTEGER NOT NULL, data_version INTEGER NOT NULL, record BLOB NOT NULL)
        """,
        "CREATE INDEX sessions_of_subject ON sessions (tenant, subject, created, sid) WHERE ended_at IS NULL",
        "CREATE INDEX sessions_of_tenant ON sessions (tenant, created, sid) WHERE ended_at IS NULL",
        "CREATE INDEX sessions_by_end ON sessions (ends_at) WHERE ended_at IS NULL",
        "CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL",
        "CREATE TABLE data (handle BLOB NOT NULL, field TEXT NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (handle, field)) WITHOUT ROWID",

        // The tenant's own epoch has the subject ''. An epoch is swept once no record carries an older one.
        """
        CREATE TABLE epochs (
            tenant TEXT NOT NULL, subject TEXT NOT NULL, epoch INTEGER NOT NULL, at INTEGER NOT NULL, reason INTEGER NOT NULL, swept INTEGER NOT NULL,
            PRIMARY KEY (tenant, subject)) WITHOUT ROWID
        """,
        "CREATE INDEX epochs_by_age ON epochs (swept, at)",
        "CREATE TABLE highest_epoch (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL)",
        "INSERT INTO highest_epoch VALUES (1, 0)",
        "CREATE TABLE documents (name TEXT PRIMARY KEY, content BLOB NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID",
        .. Feed,
    ];

    /// <summary>Opens the file, making it if there is none, and leaves it at our version.</summary>
    /// <exception cref="HoldfastConfigurationException">It is no database, a newer version wrote it, or it cannot be made.</exception>
    public static SqliteSession Open(string path)
    {
        try
        {
            CreateFile(path);
            var session = new SqliteSession(path, writable: true);
            try
            {
                Prepare(session, path);
                return session;
            }
            catch
            {
                session.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new HoldfastConfigurationException($"The store {path} cannot be opened: {exception.Message}");
        }
    }

    private static void Prepare(SqliteSession session, string path)
    {
        session.Execute("BEGIN IMMEDIATE");
        var version = session.Number("PRAGMA user_version");
        if (version is 0 or 1)
        {
            foreach (var statement in version == 0 ? Create : [.. Feed, .. ToldAgain])
            {
                session.Execute(statement);
            }

            session.Execute($"PRAGMA user_version = {Version}");
        }

        session.Execute("COMMIT");
        if (version is not (0 or 1 or Version))
        {
            throw new HoldfastConfigurationException(
                $"The store {path} has version {version}; this Holdfast knows {Version}. Use the Holdfast that wrote it, or a newer one.");
        }
    }

    // SQLite gives its side files the mode of the database.
    private static void CreateFile(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        try
        {
            using var file = new FileStream(path, PrivateFile.CreateNew());
        }
        catch (IOException) when (File.Exists(path))
        {
            // It is there already: another start made it, perhaps a moment ago.
        }
    }
}
