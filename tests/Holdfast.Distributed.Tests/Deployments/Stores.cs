using Holdfast.Distributed.Tests.Faults;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>Nodes that reach Redis each through a proxy of its own.</summary>
public abstract class ProxiedDeployment : EngineDeployment
{
    private readonly FaultProxy[] _proxies = [.. Enumerable.Range(0, Size).Select(_ => new FaultProxy())];

    internal IReadOnlyList<FaultProxy> Proxies => _proxies;

    /// <summary>How to reach Redis, without any options.</summary>
    protected abstract string Endpoints { get; }

    protected override IReadOnlyDictionary<string, string> StoreSettings(int node) => new Dictionary<string, string>
    {
        ["NODE_REDIS"] = $"{Endpoints},connectTimeout=2000,syncTimeout=2000,asyncTimeout=2000,tunnel=http:127.0.0.1:{_proxies[node].Port}",
    };

    protected override async ValueTask StopStoreAsync()
    {
        foreach (var proxy in _proxies)
        {
            await proxy.DisposeAsync();
        }
    }
}

/// <summary>One Redis.</summary>
public sealed class RedisDeployment : ProxiedDeployment
{
    private RedisServer? _server;

    internal RedisServer Server => _server!;

    protected override string Endpoints => $"127.0.0.1:{Server.Port}";

    protected override async Task StartStoreAsync() => _server = await RedisServer.StartAsync();

    protected override async ValueTask StopStoreAsync()
    {
        await base.StopStoreAsync();
        await Server.DisposeAsync();
    }
}

/// <summary>A Redis Cluster of three masters and three replicas.</summary>
public sealed class ClusterDeployment : ProxiedDeployment
{
    private RedisCluster? _cluster;

    internal RedisCluster Cluster => _cluster!;

    protected override string Endpoints => string.Join(',', Cluster.Servers.Select(server => $"127.0.0.1:{server.Port}"));

    protected override async Task StartStoreAsync() => _cluster = await RedisCluster.StartAsync();

    protected override async ValueTask StopStoreAsync()
    {
        await base.StopStoreAsync();
        await Cluster.DisposeAsync();
    }
}

/// <summary>A master and two replicas, watched by three sentinels.</summary>
public sealed class SentinelDeployment : ProxiedDeployment
{
    private RedisSentinels? _sentinels;

    internal RedisSentinels Sentinels => _sentinels!;

    protected override string Endpoints =>
        string.Join(',', Sentinels.Ports.Select(port => $"127.0.0.1:{port}")) + $",serviceName={RedisSentinels.Service}";

    protected override async Task StartStoreAsync() => _sentinels = await RedisSentinels.StartAsync();

    protected override async ValueTask StopStoreAsync()
    {
        await base.StopStoreAsync();
        await Sentinels.DisposeAsync();
    }
}

/// <summary>One SQLite file.</summary>
public sealed class SqliteDeployment : EngineDeployment
{
    private readonly TemporaryDirectory _directory = new();

    protected override Task StartStoreAsync() => Task.CompletedTask;

    protected override ValueTask StopStoreAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override IReadOnlyDictionary<string, string> StoreSettings(int node) =>
        new Dictionary<string, string> { ["NODE_SQLITE"] = Path.Combine(_directory.Path, "sessions.db") };
}
