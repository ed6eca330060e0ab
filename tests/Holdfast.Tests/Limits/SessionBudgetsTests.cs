using CsCheck;
using Holdfast.Limits;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Tests.Limits;

/// <summary>The limit on requests of one session, on several nodes.</summary>
public sealed class SessionBudgetsTests
{
    private static readonly SessionHandle Handle = SessionHandle.New(3);

    [Fact]
    public void One_node_lets_a_burst_pass_and_then_what_comes_back()
    {
        var clock = new FakeTimeProvider();
        var node = new SessionBudgets(RequestBudget.PerMinute(600), null, clock);
        Assert.Equal(60, Passed(node, 100));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(20, Passed(node, 100));
    }

    [Fact]
    public void Over_any_time_all_nodes_together_let_pass_at_most_the_limit_and_the_stated_overshoot() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[10, 6000], Gen.Select(Gen.Int[0, 4], Gen.Int[0, 300]).Array[1, 120]).Sample((nodeCount, perMinute, traffic) =>
        {
            var clock = new FakeTimeProvider();
            var budget = RequestBudget.PerMinute(perMinute);
            var shared = new AddedUp(clock);
            var nodes = Enumerable.Range(0, nodeCount).Select(_ => new SessionBudgets(budget, shared, clock)).ToArray();
            var passed = 0;
            for (var second = 1; second <= traffic.Length; second++)
            {
                var (node, requests) = traffic[second - 1];
                passed += Passed(nodes[node % nodeCount], requests) + Passed(nodes[(node + 1) % nodeCount], requests);
                clock.Advance(TimeSpan.FromSeconds(1));
                foreach (var one in nodes)
                {
                    one.ReconcileAsync(CancellationToken.None).GetAwaiter().GetResult();
                }

                var allowed = budget.Capacity + (budget.PerSecond * second) + ((nodeCount - 1) * (budget.Capacity + budget.PerSecond));
                Assert.True(passed <= allowed + 1, $"{passed} passed in {second} s, {allowed} allowed");
            }
        });

    [Fact]
    public async Task A_store_that_is_away_loses_nothing_that_was_spent()
    {
        var clock = new FakeTimeProvider();
        var shared = new AddedUp(clock);
        var budget = RequestBudget.PerMinute(600);
        var (one, other) = (new SessionBudgets(budget, shared, clock), new SessionBudgets(budget, shared, clock));
        Assert.Equal(60, Passed(one, 100));
        shared.IsAway = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => one.ReconcileAsync(CancellationToken.None));
        shared.IsAway = false;
        await one.ReconcileAsync(CancellationToken.None);
        Assert.Equal(1, Passed(other, 1));
        await other.ReconcileAsync(CancellationToken.None);
        Assert.Equal(0, Passed(other, 100));
    }

    private static int Passed(SessionBudgets node, int requests) => Enumerable.Range(0, requests).Count(_ => node.TryTake(Handle));

    private sealed class AddedUp(TimeProvider clock) : ISharedBudgets
    {
        private readonly Dictionary<SessionHandle, (double Tokens, DateTimeOffset At)> _buckets = [];

        public bool IsAway { get; set; }

        public ValueTask<IReadOnlyList<double>> SpendAsync(IReadOnlyList<Spending> spent, RequestBudget budget, CancellationToken cancellationToken)
        {
            if (IsAway)
            {
                throw new StoreUnavailableException("away");
            }

            return ValueTask.FromResult<IReadOnlyList<double>>([.. spent.Select(one =>
            {
                var now = clock.GetUtcNow();
                var left = _buckets.TryGetValue(one.Handle, out var bucket) ? budget.Refill(bucket.Tokens, now - bucket.At) : budget.Capacity;
                _buckets[one.Handle] = (left - one.Requests, now);
                return left - one.Requests;
            })]);
        }
    }
}
