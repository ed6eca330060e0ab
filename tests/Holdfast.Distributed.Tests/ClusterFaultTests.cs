using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Faults;

namespace Holdfast.Distributed.Tests;

/// <summary>Three nodes on a real Redis Cluster of six processes.</summary>
public sealed class ClusterFaultTests(ClusterDeployment cluster) : IClassFixture<ClusterDeployment>
{
    [Fact]
    public Task A_master_that_dies_is_replaced_and_no_acknowledged_ending_is_forgotten() => FaultRun.OfAsync(cluster, "a master killed", async run =>
    {
        var servers = cluster.Cluster;
        var master = await servers.AnyMasterAsync();
        var replica = await servers.ReplicaOfAsync(master);
        run.Disturb(DisturbanceKind.Failover);
        master.Kill();
        await Eventually.IsTrueAsync(() => servers.IsMasterAsync(replica));
        await master.StartAgainAsync();
    });

    [Fact]
    public Task A_node_that_is_stalled_towards_all_masters_is_the_only_one_that_says_503() => FaultRun.OfAsync(cluster, "one node stalled", async run =>
    {
        run.Disturb(DisturbanceKind.Store, 1);
        cluster.Proxies[1].Set(Weather.Stalled);
        await run.LastAsync(TimeSpan.FromSeconds(3));
        cluster.Proxies[1].Set(Weather.Calm);
    });
}
