using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>
/// The one writer of this process: a thread, a queue, and one commit for everything that waits. A caller hears of its write after the
/// commit is on the disk, never before. Other processes' writers are waited for.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int MaxGroup = 256;

    private readonly SqliteSession _session;
    private readonly Channel<Work> _queue = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _running;

    public SqliteWriter(SqliteSession session)
    {
        _session = session;
        _running = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Runs <paramref name="work"/> in a transaction. Cancelling before it began leaves no trace; cancelling later, it may have been applied.
    /// </summary>
    public async ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var item = new Work(session => work(session), cancellationToken);
        if (!_queue.Writer.TryWrite(item))
        {
            throw new StoreUnavailableException("The SQLite store has been closed.");
        }

        return (T)(await item.Done.Task.WaitAsync(cancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_queue.Writer.TryComplete())
        {
            await _running;
            _session.Dispose();
        }
    }

    private void Run()
    {
        var group = new List<Work>();
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (group.Count < MaxGroup && _queue.Reader.TryRead(out var work))
            {
                if (work.CancellationToken.IsCancellationRequested)
                {
                    work.Done.TrySetCanceled(work.CancellationToken);
                }
                else
                {
                    group.Add(work);
                }
            }

            if (group.Count > 0)
            {
                Commit(group);
                group.Clear();
            }
        }
    }

    private void Commit(List<Work> group)
    {
        try
        {
            _session.Execute("BEGIN IMMEDIATE");
            foreach (var work in group)
            {
                Apply(work);
            }

            _session.Execute("COMMIT");
        }
        catch (Exception exception)
        {
            Abandon(group, exception);
            return;
        }

        foreach (var work in group)
        {
            work.Complete();
        }
    }

    // One caller's failure undoes its own changes and nobody else's.
    private void Apply(Work work)
    {
        _session.Execute("SAVEPOINT work");
        try
        {
            work.Result = work.Run(_session);
        }
        catch (Exception exception) when (exception is not SqliteException { SqliteErrorCode: SqliteErrors.Full or SqliteErrors.InputOutput })
        {
            _session.Execute("ROLLBACK TO work");
            work.Failure = exception;
        }

        _session.Execute("RELEASE work");
    }

    private void Abandon(List<Work> group, Exception exception)
    {
        try
        {
            _session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does when a disk is full: there is nothing left to undo.
        }

        foreach (var work in group)
        {
            work.Done.TrySetException(SqliteErrors.Translate(exception, "write"));
        }
    }

    private sealed class Work(Func<SqliteSession, object?> run, CancellationToken cancellationToken)
    {
        public CancellationToken CancellationToken => cancellationToken;

        public TaskCompletionSource<object?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public object? Result { get; set; }

        public Exception? Failure { get; set; }

        public object? Run(SqliteSession session) => run(session);

        public void Complete()
        {
            if (Failure is null)
            {
                Done.TrySetResult(Result);
            }
            else
            {
                Done.TrySetException(SqliteErrors.Translate(Failure, "write"));
            }
        }
    }
}
