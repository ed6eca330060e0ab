using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

public sealed partial class SqliteSessionStore
{
    private ValueTask<SessionPage> PageAsync(string tenant, string? subject, string? cursor, int pageSize, CancellationToken cancellationToken) => ReadAsync(
        db =>
        {
            var found = SqliteRecords.Page(db, tenant, subject, cursor, pageSize + 1);
            return new SessionPage(
                [.. found.Take(pageSize)], found.Count > pageSize ? PageCursor.Of(found[pageSize - 1]).ToString() : null, Now);
        },
        cancellationToken);

    // A point read takes microseconds from the page cache: another thread would cost more than it frees.
    private ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_disposed)
        {
            throw new StoreUnavailableException("The SQLite store has been closed.");
        }

        SqliteSession? reader = null;
        try
        {
            reader = _readers.TryTake(out var idle) ? idle : new SqliteSession(_path, writable: false);
            return ValueTask.FromResult(read(reader));
        }
        catch (SqliteException exception)
        {
            reader?.Dispose();
            reader = null;
            throw SqliteErrors.Translate(exception, "read");
        }
        finally
        {
            Return(reader);
        }
    }

    private void Return(SqliteSession? reader)
    {
        if (reader is not null)
        {
            _readers.Add(reader);
        }

        // It may have been closed while this was read.
        if (_disposed)
        {
            CloseReaders();
        }
    }

    private void CloseReaders()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }
}
