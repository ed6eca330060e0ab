using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Faults;

namespace Holdfast.Distributed.Tests;

/// <summary>What takes long: <c>./test soak</c> runs it. Stalls that outlast every timeout, failovers one after the other, long histories.</summary>
public sealed class SoakTests
{
    private static readonly TimeSpan LongStall = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongHistory = TimeSpan.FromSeconds(150);

    [Fact(Explicit = true)]
    public async Task Redis_is_silent_for_half_a_minute_towards_one_node_then_towards_all()
    {
        await using var redis = await StartedAsync(new RedisDeployment());
        await FaultRun.OfAsync(redis, "one node stalled for 30 s", run => DuringAsync(redis, run, Weather.Stalled, 1, LongStall));
        await FaultRun.OfAsync(redis, "one node buffered for 30 s", run => DuringAsync(redis, run, Weather.Buffering, 1, LongStall));
        await FaultRun.OfAsync(redis, "Redis stopped for 30 s (SIGSTOP)", async run =>
        {
            run.Disturb(DisturbanceKind.Store);
            redis.Server.Pause();
            await run.LastAsync(LongStall);
            redis.Server.Continue();
        });
    }

    [Fact(Explicit = true)]
    public async Task Redis_and_its_nodes_suffer_one_thing_after_the_other()
    {
        await using var redis = await StartedAsync(new RedisDeployment());
        var random = new Random(4);
        await FaultRun.OfAsync(redis, $"all sorts, for {LongHistory.TotalSeconds:F0} s", run => RepeatAsync(run, () =>
        {
            var node = random.Next(Deployment.Size);
            var time = TimeSpan.FromSeconds(1 + random.Next(5));
            return random.Next(7) switch
            {
                0 => DuringAsync(redis, run, Weather.Stalled, node, time),
                1 => DuringAsync(redis, run, Weather.Buffering, node, time),
                2 => DuringAsync(redis, run, Weather.Slow(TimeSpan.FromMilliseconds(500)), node, time),
                3 => DuringAsync(redis, run, Weather.Refusing, node, time),
                4 => run.RestartAsync(node, kill: random.Next(2) == 0),
                5 => run.StepClocksAsync(() => run.LastAsync(time)),
                _ => RestartServerAsync(redis, run),
            };
        }));
    }

    [Fact(Explicit = true)]
    public async Task A_cluster_loses_one_master_after_the_other()
    {
        await using var cluster = await StartedAsync(new ClusterDeployment());
        await FaultRun.OfAsync(cluster, "masters killed one after the other", async run =>
        {
            for (var failover = 0; failover < 4; failover++)
            {
                await FailOverAsync(cluster, run);
                await run.RecoverAsync();
                await run.LastForEndingsAsync(5);
            }
        });
        await FaultRun.OfAsync(cluster, "one node stalled for 30 s", run => DuringAsync(cluster, run, Weather.Stalled, 1, LongStall));
    }

    [Theory(Explicit = true)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sentinels_replace_a_master_that_dies_and_one_that_is_only_silent(bool dies)
    {
        await using var sentinel = await StartedAsync(new SentinelDeployment());
        await FaultRun.OfAsync(sentinel, dies ? "the master killed" : "the master stopped (SIGSTOP), and back as a replica", async run =>
        {
            var port = await sentinel.Sentinels.MasterPortAsync();
            var master = sentinel.Sentinels.Servers.Single(server => server.Port == port);
            run.Disturb(DisturbanceKind.Failover);
            Action go = dies ? master.Kill : master.Pause;
            go();
            await Eventually.IsTrueAsync(async () => await sentinel.Sentinels.MasterPortAsync() is { } now && now != port);
            if (dies)
            {
                await master.StartAgainAsync();
            }
            else
            {
                master.Continue();
            }
        });
    }

    [Fact(Explicit = true)]
    public async Task A_failover_that_loses_writes_brings_back_no_ending_that_was_acknowledged()
    {
        await using var moving = await StartedAsync(new MovingMasterDeployment());
        await FaultRun.OfAsync(moving, "a failover that loses 3 s of writes", async run =>
        {
            run.Disturb(DisturbanceKind.Failover);
            moving.StopReplicating();
            await run.LastAsync(TimeSpan.FromSeconds(3));
            await moving.FailOverAsync();
        });
    }

    [Fact(Explicit = true)]
    public async Task Processes_on_one_file_are_killed_again_and_again_and_work_with_wrong_clocks()
    {
        await using var sqlite = await StartedAsync(new SqliteDeployment());
        var random = new Random(4);
        await FaultRun.OfAsync(sqlite, $"processes killed, for {LongHistory.TotalSeconds:F0} s", run => RepeatAsync(run, () =>
            run.RestartAsync(random.Next(Deployment.Size), kill: random.Next(4) > 0)));

        // Long enough for every node's clean-up to run by the wrong clock.
        await FaultRun.OfAsync(sqlite, "clocks set by +1 h and -1 h, for 90 s", run => run.StepClocksAsync(() => run.LastAsync(TimeSpan.FromSeconds(90))));
    }

    private static async Task RepeatAsync(FaultRun run, Func<Task> fault)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < LongHistory)
        {
            await fault();
            await run.RecoverAsync();
            await run.LastForEndingsAsync(3);
        }
    }

    private static async Task DuringAsync(ProxiedDeployment deployment, FaultRun run, Weather weather, int node, TimeSpan time)
    {
        run.Disturb(DisturbanceKind.Store, node);
        deployment.Proxies[node].Set(weather);
        if (!weather.Accepts)
        {
            deployment.Proxies[node].Cut();
        }

        await run.LastAsync(time);
        deployment.Proxies[node].Set(Weather.Calm);
    }

    private static async Task RestartServerAsync(RedisDeployment redis, FaultRun run)
    {
        run.Disturb(DisturbanceKind.Store);
        redis.Server.Kill();
        await redis.Server.StartAgainAsync();
    }

    private static async Task FailOverAsync(ClusterDeployment cluster, FaultRun run)
    {
        var master = await cluster.Cluster.AnyMasterAsync();
        var replica = await cluster.Cluster.ReplicaOfAsync(master);
        run.Disturb(DisturbanceKind.Failover);
        master.Kill();
        await Eventually.IsTrueAsync(() => cluster.Cluster.IsMasterAsync(replica));
        await master.StartAgainAsync();
    }

    private static async Task<T> StartedAsync<T>(T deployment)
        where T : Deployment
    {
        await deployment.InitializeAsync();
        return deployment;
    }
}
