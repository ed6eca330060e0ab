namespace Holdfast.Limits;

/// <summary>How many requests a session may make: a bucket that fills evenly. Pure.</summary>
/// <param name="Capacity">How many at once.</param>
/// <param name="PerSecond">How many come back each second.</param>
public readonly record struct RequestBudget(double Capacity, double PerSecond)
{
    /// <summary>A budget of so many requests a minute, a tenth of them at once.</summary>
    public static RequestBudget PerMinute(int requests) => new(Math.Max(1, requests / 10.0), requests / 60.0);

    /// <summary>What a bucket holds after <paramref name="elapsed"/>; a debt is paid off first.</summary>
    public double Refill(double tokens, TimeSpan elapsed) => Math.Min(Capacity, tokens + (Math.Max(0, elapsed.TotalSeconds) * PerSecond));
}

/// <summary>What one node let pass since it last told.</summary>
/// <param name="Handle">The session.</param>
/// <param name="Requests">How many of its requests.</param>
public readonly record struct Spending(SessionHandle Handle, int Requests);

/// <summary>
/// Where nodes add up what they let pass. Stores that one process uses alone need none.
/// </summary>
public interface ISharedBudgets
{
    /// <summary>
    /// Takes what was spent from each session's shared bucket and answers what is left in it, in the same order; negative where the nodes
    /// together let more pass than it held.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing is known of what was taken.</exception>
    ValueTask<IReadOnlyList<double>> SpendAsync(IReadOnlyList<Spending> spent, RequestBudget budget, CancellationToken cancellationToken);
}
