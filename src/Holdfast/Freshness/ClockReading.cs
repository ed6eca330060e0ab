namespace Holdfast.Freshness;

/// <summary>Both clocks of this node, read together.</summary>
/// <param name="Monotonic">Time that only passes, since some moment; it may stand still while the machine is suspended.</param>
/// <param name="Wall">Time of day; it may be stepped by hand.</param>
internal readonly record struct ClockReading(TimeSpan Monotonic, DateTimeOffset Wall)
{
    /// <summary>The time now.</summary>
    public static ClockReading Of(TimeProvider clock) => new(clock.GetElapsedTime(0), clock.GetUtcNow());

    /// <summary>
    /// Whether less than <paramref name="span"/> has passed since <paramref name="earlier"/> by both clocks. One that was stepped back tells
    /// nothing, and nothing counts as too long.
    /// </summary>
    public bool IsWithin(TimeSpan span, ClockReading earlier)
    {
        var wall = Wall - earlier.Wall;
        return Monotonic - earlier.Monotonic < span && wall < span && wall >= TimeSpan.Zero;
    }
}
