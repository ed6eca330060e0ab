using System.Net;
using Holdfast.Distributed.Tests.Faults;
using StackExchange.Redis;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>
/// A master and a replica behind one address that moves to the replica when the master goes, as managed services have it. Between
/// the two stands a proxy as well: so a failover loses what the test wants it to lose.
/// </summary>
public sealed class MovingMasterDeployment : ProxiedDeployment
{
    private static readonly string[] Settings = ["--min-replicas-to-write", "1", "--repl-diskless-sync-delay", "0"];

    private RedisServer? _master;
    private RedisServer? _replica;
    private FaultProxy? _replication;

    protected override string Endpoints => $"127.0.0.1:{_master!.Port}";

    /// <summary>From now on the replica receives nothing, and the master, which has not noticed, goes on.</summary>
    internal void StopReplicating() => _replication!.Set(Weather.Stalled);

    /// <summary>The master dies; the replica takes its place and its address, and another server becomes its replica.</summary>
    internal async Task FailOverAsync()
    {
        _master!.Kill();
        _replication!.Set(Weather.Refusing);
        _replication.Cut();
        await TellAsync(_replica!, "REPLICAOF", "NO", "ONE");
        foreach (var proxy in Proxies)
        {
            proxy.Route(_master.Port, _replica!.Port);
            proxy.Cut();
        }

        await _master.StartAgainAsync();
        await TellAsync(_master, "REPLICAOF", "127.0.0.1", $"{_replica!.Port}");
    }

    protected override async Task StartStoreAsync()
    {
        _master = await RedisServer.StartAsync(Settings);
        _replication = new FaultProxy(new IPEndPoint(IPAddress.Loopback, _master.Port));
        _replica = await RedisServer.StartAsync([.. Settings, "--replicaof", "127.0.0.1", $"{_replication.Port}"]);
        await Eventually.IsTrueAsync(async () => (await _master.InfoAsync("replication")).GetValueOrDefault("min_slaves_good_slaves") == "1");
    }

    protected override async ValueTask StopStoreAsync()
    {
        await base.StopStoreAsync();
        await _replication!.DisposeAsync();
        await _replica!.DisposeAsync();
        await _master!.DisposeAsync();
    }

    private static async Task TellAsync(RedisServer server, string command, params object[] arguments)
    {
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port},allowAdmin=true");
        await admin.GetServer("127.0.0.1", server.Port).ExecuteAsync(command, arguments);
    }
}
