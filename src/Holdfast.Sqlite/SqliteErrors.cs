using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>SQLite's errors in the engine's words. What SQLite says names tables and codes, never values.</summary>
internal static class SqliteErrors
{
    /// <summary>SQLITE_IOERR.</summary>
    public const int InputOutput = 10;

    /// <summary>SQLITE_FULL.</summary>
    public const int Full = 13;

    public static Exception Translate(Exception exception, string attempt) => exception is SqliteException sqlite
        ? new StoreUnavailableException($"The SQLite store could not {attempt}: {sqlite.Message}", sqlite)
        : exception;
}
