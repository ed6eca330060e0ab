using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>
/// Notices what other connections commit, those of other processes included: SQLite tells each connection. On a thread of its own, since waking
/// one of the pool's a hundred times a second costs a hundred times as much as looking.
/// </summary>
internal sealed class SqliteWatch : IDisposable
{
    private readonly SqliteSession _reader;
    private readonly TimeSpan _interval;
    private readonly Action _changed;
    private readonly ManualResetEvent _stopping = new(false);
    private readonly Thread _thread;

    public SqliteWatch(SqliteSession reader, TimeSpan interval, Action changed)
    {
        (_reader, _interval, _changed) = (reader, interval, changed);
        _thread = new Thread(Run) { IsBackground = true, Name = "Holdfast SQLite watch" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stopping.Set();
        _thread.Join();
        _reader.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        long? version = null;
        while (!_stopping.WaitOne(_interval))
        {
            try
            {
                var now = _reader.Number("PRAGMA data_version");
                if (now != version)
                {
                    version = now;
                    _changed();
                }
            }
            catch (SqliteException)
            {
                // Whoever pulls will hear of it.
            }
        }
    }
}
