using System.Collections.Concurrent;

namespace Holdfast.Limits;

/// <summary>
/// The budgets of the sessions that this node sees. A request asks memory alone; once a second the nodes add up what they let pass. Until
/// then each of n nodes may let a full bucket pass: at most (n - 1) times the capacity and one second's refill too many, which the session
/// pays back before anything more passes.
/// </summary>
public sealed class SessionBudgets(RequestBudget budget, ISharedBudgets? shared, TimeProvider clock)
{
    /// <summary>How often nodes add up.</summary>
    public static readonly TimeSpan ReconcileInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<SessionHandle, Bucket> _buckets = new();

    /// <summary>Whether a request of this session may pass; counts it if so.</summary>
    public bool TryTake(SessionHandle handle)
    {
        while (true)
        {
            var bucket = _buckets.GetOrAdd(handle, static (_, owner) => new Bucket(owner.budget.Capacity, owner.clock.GetTimestamp()), (budget, clock));
            lock (bucket)
            {
                if (bucket.IsForgotten)
                {
                    continue;
                }

                Refill(bucket);
                if (bucket.Tokens < 1)
                {
                    return false;
                }

                bucket.Tokens--;
                bucket.Spent++;
                return true;
            }
        }
    }

    /// <summary>Tells what was spent, takes over what is left, and forgets sessions whose bucket is full again.</summary>
    /// <exception cref="StoreUnavailableException">This round is lost, nothing that was spent is: it is told with the next.</exception>
    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        List<Spending> spent = [];
        foreach (var (handle, bucket) in _buckets)
        {
            lock (bucket)
            {
                Refill(bucket);
                if (bucket.Spent > 0 && shared is not null)
                {
                    spent.Add(new Spending(handle, bucket.Spent));
                    bucket.Spent = 0;
                }
                else if (bucket.Tokens >= budget.Capacity)
                {
                    bucket.IsForgotten = _buckets.TryRemove(handle, out _);
                }
            }
        }

        if (spent.Count == 0)
        {
            return;
        }

        IReadOnlyList<double> left;
        try
        {
            left = await shared!.SpendAsync(spent, budget, cancellationToken);
        }
        catch
        {
            foreach (var one in spent)
            {
                Change(one.Handle, bucket => bucket.Spent += one.Requests);
            }

            throw;
        }

        for (var index = 0; index < spent.Count; index++)
        {
            // What passed while the answer was under way is not in it.
            var known = left[index];
            Change(spent[index].Handle, bucket => (bucket.Tokens, bucket.At) = (known - bucket.Spent, clock.GetTimestamp()));
        }
    }

    private void Change(SessionHandle handle, Action<Bucket> change)
    {
        if (_buckets.TryGetValue(handle, out var bucket))
        {
            lock (bucket)
            {
                change(bucket);
            }
        }
    }

    private void Refill(Bucket bucket)
    {
        var now = clock.GetTimestamp();
        bucket.Tokens = budget.Refill(bucket.Tokens, clock.GetElapsedTime(bucket.At, now));
        bucket.At = now;
    }

    private sealed class Bucket(double tokens, long at)
    {
        public double Tokens { get; set; } = tokens;

        public long At { get; set; } = at;

        public int Spent { get; set; }

        public bool IsForgotten { get; set; }
    }
}
