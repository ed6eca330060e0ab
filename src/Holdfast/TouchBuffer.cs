namespace Holdfast;

/// <summary>
/// What was seen of sessions, collected in memory and written in batches, so that a request never waits for it. A process that dies
/// loses what its last <see cref="FlushInterval"/> saw, which <see cref="SessionPolicy.TouchInterval"/> covers.
/// </summary>
public sealed class TouchBuffer(ISessionStore store)
{
    /// <summary>How often the batches are written.</summary>
    public static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(1);

    private const int BatchSize = 500;

    // While the store is silent, no more than this many sessions wait. A session beyond them is seen at its next request.
    private const int Capacity = 100_000;

    private readonly Lock _lock = new();
    private Dictionary<SessionHandle, SessionTouch> _waiting = [];

    /// <summary>Collects; the later time and the greater generation of one session win.</summary>
    public void Add(SessionTouch touch)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue(touch.Handle, out var earlier))
            {
                _waiting[touch.Handle] = Merge(earlier, touch);
            }
            else if (_waiting.Count < Capacity)
            {
                _waiting.Add(touch.Handle, touch);
            }
        }
    }

    /// <summary>Writes what was collected. What the store did not take is kept for the next time.</summary>
    /// <exception cref="StoreUnavailableException">The store did not take it.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        Dictionary<SessionHandle, SessionTouch> taken;
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                return;
            }

            taken = _waiting;
            _waiting = [];
        }

        var batches = taken.Values.Chunk(BatchSize).ToArray();
        for (var index = 0; index < batches.Length; index++)
        {
            try
            {
                await store.TouchAsync(batches[index], cancellationToken);
            }
            catch
            {
                foreach (var touch in batches.Skip(index).SelectMany(batch => batch))
                {
                    Add(touch);
                }

                throw;
            }
        }
    }

    private static SessionTouch Merge(SessionTouch one, SessionTouch other) => new(
        one.Handle,
        other.SeenAt is null || one.SeenAt > other.SeenAt ? one.SeenAt : other.SeenAt,
        Math.Max(one.ConfirmedGeneration, other.ConfirmedGeneration));
}
