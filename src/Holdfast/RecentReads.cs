using BitFaster.Caching.Lru;
using Holdfast.Freshness;

namespace Holdfast;

/// <summary>
/// Reads of single sessions while memory may not answer: one read serves everybody who asks for the same session before it is older than
/// the staleness bound, so that a lapsed lease does not become a stampede.
/// </summary>
internal sealed class RecentReads(ISessionStore store, TimeSpan bound, TimeProvider clock)
{
    private const int Capacity = 10_000;

    private readonly ConcurrentLru<SessionHandle, Read> _reads = new(Capacity);

    /// <summary>The record as it stood at most <c>MaxStaleness</c> before this call.</summary>
    public async ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken)
    {
        var now = ClockReading.Of(clock);
        if (!_reads.TryGet(handle, out var read) || !now.IsWithin(bound, read.Began) || read.Answer is { IsCompleted: true, IsCompletedSuccessfully: false })
        {
            // Whoever began it may leave; the others still want the answer.
            read = new Read(now, store.FindAsync(handle, CancellationToken.None).AsTask());
            _reads.AddOrUpdate(handle, read);
        }

        return await read.Answer.WaitAsync(cancellationToken);
    }

    private sealed record Read(ClockReading Began, Task<SessionReading> Answer);
}
