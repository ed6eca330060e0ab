using System.Collections.Concurrent;

namespace Holdfast.Distributed.Tests.Checking;

/// <summary>Writes the history while it happens, on one monotonic clock.</summary>
internal sealed class HistoryRecorder
{
    private readonly ConcurrentQueue<Operation> _operations = new();
    private readonly ConcurrentQueue<(DisturbanceKind Kind, int? Node, TimeSpan From)> _open = new();
    private readonly ConcurrentQueue<Disturbance> _disturbances = new();
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private int _endings;

    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_began);

    /// <summary>Acknowledged endings so far.</summary>
    public int Endings => Volatile.Read(ref _endings);

    public void Add(Operation operation)
    {
        _operations.Enqueue(operation);
        if (operation is { Ends: true, Outcome: Outcome.Done })
        {
            Interlocked.Increment(ref _endings);
        }
    }

    /// <summary>From now on something is wrong: say so before it is.</summary>
    public void Disturb(DisturbanceKind kind, int? node = null) => _open.Enqueue((kind, node, Now));

    /// <summary>Whatever was wrong is over: everything answers again.</summary>
    public void Recovered()
    {
        while (_open.TryDequeue(out var open))
        {
            _disturbances.Enqueue(new Disturbance(open.Kind, open.Node, open.From, Now));
        }
    }

    public History ToHistory() => new([.. _operations], [.. _disturbances]);
}
