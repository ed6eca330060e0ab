namespace Holdfast.Freshness;

/// <summary>
/// The store's time, as this node knows it: what the last pull was told, and the monotonic time since. It runs ahead by at most that pull's
/// duration, so nothing that has expired passes for live. Until a pull was answered it is the node's own clock.
/// The masters of a cluster are taken to agree: the last answer counts, whichever partition it came from.
/// </summary>
public sealed class StoreClock(TimeProvider node) : TimeProvider
{
    private Reading? _last;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => node.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => node.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() =>
        Volatile.Read(ref _last) is { } last ? last.Now + (node.GetElapsedTime(0) - last.Asked) : node.GetUtcNow();

    /// <inheritdoc/>
    public override long GetTimestamp() => node.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        node.CreateTimer(callback, state, dueTime, period);

    /// <summary>This node's own clock.</summary>
    internal TimeProvider Node => node;

    /// <summary>The store said that it is <paramref name="now"/>, when it was asked at <paramref name="asked"/>.</summary>
    internal void Set(DateTimeOffset now, ClockReading asked) => Volatile.Write(ref _last, new Reading(now, asked.Monotonic));

    private sealed record Reading(DateTimeOffset Now, TimeSpan Asked);
}
