using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Faults;
using Holdfast.Distributed.Tests.Load;

namespace Holdfast.Distributed.Tests;

/// <summary>Three nodes on one real Redis, each behind a proxy, under a steady load, and one thing after the other that goes wrong.</summary>
public sealed class RedisFaultTests(RedisDeployment redis) : IClassFixture<RedisDeployment>
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task An_ending_reaches_every_node_at_once_while_nothing_is_wrong()
    {
        var latency = await RevocationLatency.MeasureAsync(redis, endings: 100);
        FaultReport.Add(redis, latency);
        Assert.InRange(latency.Median, 0, 50);
        Assert.InRange(latency.Max, 0, Deployment.MaxStaleness.TotalMilliseconds);
    }

    [Fact]
    [Requirement("RT-03", "RT-04")]
    public Task Undisturbed_nobody_hears_503() => FaultRun.OfAsync(redis, "none", run => run.LastForEndingsAsync(5));

    [Fact]
    public async Task Stalled_and_buffered_connections_show_as_503_on_their_nodes_alone()
    {
        var verdict = await FaultRun.OfAsync(redis, "one node stalled, one buffered", async run =>
        {
            await Task.WhenAll(DuringAsync(run, Weather.Stalled, 1), DuringAsync(run, Weather.Buffering, 2));
        });
        Assert.True(verdict.Unavailable > 0, "The stall was never noticed.");
    }

    [Fact]
    public Task A_node_that_is_half_a_second_away_keeps_every_promise() =>
        FaultRun.OfAsync(redis, "one node delayed by 500 ms", run => DuringAsync(run, Weather.Slow(TimeSpan.FromMilliseconds(500)), 0));

    [Fact]
    public Task Cut_connections_log_nobody_out() => FaultRun.OfAsync(redis, "connections cut at random, then one node cut off", async run =>
    {
        run.Disturb(DisturbanceKind.Store);
        using var stop = new CancellationTokenSource();
        var cutting = redis.Proxies.Select((proxy, number) => proxy.CutAtRandomAsync(TimeSpan.FromMilliseconds(300), new Random(number), stop.Token)).ToArray();
        await run.LastForEndingsAsync(5);
        redis.Proxies[1].Set(Weather.Refusing);
        redis.Proxies[1].Cut();
        await run.LastForEndingsAsync(3);
        redis.Proxies[1].Set(Weather.Calm);
        await stop.CancelAsync();
        await Task.WhenAll(cutting);
    });

    [Fact]
    public async Task A_stopped_redis_shows_as_503_and_as_nothing_else()
    {
        var verdict = await FaultRun.OfAsync(redis, "Redis stopped (SIGSTOP)", async run =>
        {
            run.Disturb(DisturbanceKind.Store);
            redis.Server.Pause();
            await run.LastAsync(Stall);
            redis.Server.Continue();
        });
        Assert.True(verdict.Unavailable > 0, "The stop was never noticed.");
    }

    [Fact]
    [Requirement("LO-02", "CR-08")]
    public Task Nodes_come_and_go_and_no_ending_is_forgotten() => FaultRun.OfAsync(redis, "nodes killed and terminated", async run =>
    {
        await run.RestartAsync(0, kill: true);
        await run.LastForEndingsAsync(3);
        await run.RestartAsync(2, kill: false);
    });

    [Fact]
    public Task Nodes_whose_clocks_are_an_hour_off_keep_every_promise() =>
        FaultRun.OfAsync(redis, "clocks set by +1 h and -1 h", run => run.StepClocksAsync(() => run.LastForEndingsAsync(5)));

    private async Task DuringAsync(FaultRun run, Weather weather, int node)
    {
        run.Disturb(DisturbanceKind.Store, node);
        redis.Proxies[node].Set(weather);
        await run.LastAsync(Stall);
        redis.Proxies[node].Set(Weather.Calm);
    }
}
