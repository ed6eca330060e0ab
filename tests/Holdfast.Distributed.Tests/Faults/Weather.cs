namespace Holdfast.Distributed.Tests.Faults;

/// <summary>What a proxy does to the bytes of its connections.</summary>
/// <param name="Accepts">Whether new connections are let in; otherwise they are closed at once.</param>
/// <param name="Reads">Whether it takes bytes from whoever sends them.</param>
/// <param name="Writes">Whether it passes on what it took.</param>
/// <param name="Delay">How long it keeps what it took, in each direction.</param>
internal sealed record Weather(bool Accepts, bool Reads, bool Writes, TimeSpan Delay)
{
    public static Weather Calm { get; } = new(true, true, true, TimeSpan.Zero);

    /// <summary>Accepts, and keeps silent.</summary>
    public static Weather Stalled { get; } = new(true, false, false, TimeSpan.Zero);

    /// <summary>Takes everything, as a deep buffer on the way does, and passes nothing on: until it all arrives at once.</summary>
    public static Weather Buffering { get; } = new(true, true, false, TimeSpan.Zero);

    /// <summary>Nobody there.</summary>
    public static Weather Refusing { get; } = new(false, true, true, TimeSpan.Zero);

    /// <summary>Adds <paramref name="roundTrip"/> to every exchange.</summary>
    public static Weather Slow(TimeSpan roundTrip) => Calm with { Delay = roundTrip / 2 };
}
