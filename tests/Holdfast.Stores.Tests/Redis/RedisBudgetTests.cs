using Holdfast.Limits;
using Holdfast.Redis;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Holdfast.Stores.Tests.Redis;

/// <summary>Nodes that add up in a real Redis what they let pass.</summary>
public sealed class RedisBudgetTests(RedisFixture fixture) : IClassFixture<RedisFixture>
{
    private static readonly RequestBudget Budget = RequestBudget.PerMinute(600);

    [Fact]
    public async Task What_one_node_let_pass_the_other_does_not_and_no_request_asks_redis()
    {
        await using var store = await RedisSessionStore.ConnectAsync(fixture.Server.ConnectionString, prefix: SessionHandle.New(0).ToString());
        var clock = new FakeTimeProvider();
        var (one, other) = (new SessionBudgets(Budget, store, clock), new SessionBudgets(Budget, store, clock));
        SessionHandle[] handles = [SessionHandle.New(0), SessionHandle.New(1), SessionHandle.New(15)];
        var before = await CommandsAsync();
        Assert.All(handles, handle => Assert.Equal(60, Enumerable.Range(0, 100).Count(_ => one.TryTake(handle))));
        Assert.All(handles, handle => Assert.Equal(60, Enumerable.Range(0, 100).Count(_ => other.TryTake(handle))));
        Assert.Equal(before, await CommandsAsync());
        await one.ReconcileAsync(CancellationToken.None);
        await other.ReconcileAsync(CancellationToken.None);

        // Both passed a full bucket: the overshoot is a debt, and for its time nothing passes.
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.All(handles, handle => Assert.False(other.TryTake(handle)));
    }

    [Fact]
    public async Task A_shared_bucket_fills_by_redis_clock_keeps_its_fraction_and_goes_away_when_full()
    {
        var prefix = SessionHandle.New(0).ToString();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var store = await RedisSessionStore.ConnectAsync(fixture.Server.ConnectionString, clock, prefix);
        var handle = SessionHandle.New(2);

        // The first call has a script to load, and Redis' clock goes on meanwhile.
        await store.SpendAsync([new Spending(SessionHandle.New(3), 1)], Budget, CancellationToken.None);
        Assert.Equal([0.0], await store.SpendAsync([new Spending(handle, 60)], Budget, CancellationToken.None));
        clock.Advance(TimeSpan.FromMilliseconds(250));
        var left = Assert.Single(await store.SpendAsync([new Spending(handle, 1)], Budget, CancellationToken.None));
        Assert.InRange(left, 1.05, 1.95);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(fixture.Server.ConnectionString);
        Assert.InRange((await redis.GetDatabase().KeyTimeToLiveAsync($"{prefix}:{{2}}:b:{handle}"))!.Value.TotalSeconds, 1, 8);
    }

    private async Task<long> CommandsAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(fixture.Server.ConnectionString + ",allowAdmin=true");
        var stats = await redis.GetServers()[0].InfoAsync("commandstats");
        var scripts = stats.SelectMany(section => section).Where(entry => entry.Key is "cmdstat_evalsha" or "cmdstat_eval").Select(entry => entry.Value);
        return scripts.Sum(value => long.Parse(value.Split(',')[0]["calls=".Length..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
