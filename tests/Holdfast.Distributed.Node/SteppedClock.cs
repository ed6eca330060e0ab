namespace Holdfast.Distributed.Node;

/// <summary>
/// The clock of a machine whose administrator (or NTP) sets it: the wall clock jumps, while timers and elapsed time go on as they did.
/// </summary>
internal sealed class SteppedClock : TimeProvider
{
    private long _offset;

    public TimeSpan Offset
    {
        get => new(Interlocked.Read(ref _offset));
        set => Interlocked.Exchange(ref _offset, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
