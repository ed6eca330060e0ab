using System.Diagnostics;
using StackExchange.Redis;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>A master, two replicas, and three sentinels that make one of them the master when it goes.</summary>
internal sealed class RedisSentinels : IAsyncDisposable
{
    public const string Service = "sessions";

    private readonly List<RedisServer> _servers = [];
    private readonly List<Process> _sentinels = [];
    private readonly TemporaryDirectory _directory = new();

    public IReadOnlyList<RedisServer> Servers => _servers;

    public List<int> Ports { get; } = [];

    public static async Task<RedisSentinels> StartAsync()
    {
        var started = new RedisSentinels();
        try
        {
            await started.StartServersAsync();
            await started.StartSentinelsAsync();
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>The port of the master, as most sentinels say; null while they do not agree.</summary>
    public async Task<int?> MasterPortAsync()
    {
        var answers = new List<int>();
        foreach (var port in Ports)
        {
            await using var sentinel = await ConnectionMultiplexer.SentinelConnectAsync($"127.0.0.1:{port}");
            var master = await sentinel.GetServer("127.0.0.1", port).SentinelGetMasterAddressByNameAsync(Service);
            answers.Add(((System.Net.IPEndPoint)master!).Port);
        }

        return answers.GroupBy(port => port).FirstOrDefault(group => group.Count() > 1)?.Key;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sentinel in _sentinels)
        {
            sentinel.Kill();
            await sentinel.WaitForExitAsync();
            sentinel.Dispose();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task StartServersAsync()
    {
        string[] settings = ["--min-replicas-to-write", "1", "--appendfsync", "everysec", "--repl-diskless-sync-delay", "0"];
        _servers.Add(await RedisServer.StartAsync(settings));
        for (var replica = 0; replica < 2; replica++)
        {
            _servers.Add(await RedisServer.StartAsync([.. settings, "--replicaof", "127.0.0.1", $"{_servers[0].Port}"]));
        }

        await using var admin = await ConnectionMultiplexer.ConnectAsync(_servers[0].ConnectionString + ",allowAdmin=true");
        await Eventually.IsTrueAsync(async () =>
        {
            var replication = await admin.GetServers()[0].InfoRawAsync("replication");
            return replication!.Contains("min_slaves_good_slaves:2", StringComparison.Ordinal);
        });
    }

    private async Task StartSentinelsAsync()
    {
        for (var index = 0; index < 3; index++)
        {
            var port = Holdfast.Tests.Shared.Ports.Free();
            var file = Path.Combine(_directory.Path, $"{port}.conf");
            await File.WriteAllTextAsync(file, $"""
                port {port}
                bind 127.0.0.1
                dir {_directory.Path}
                sentinel monitor {Service} 127.0.0.1 {_servers[0].Port} 2
                sentinel down-after-milliseconds {Service} 1000
                sentinel failover-timeout {Service} 5000
                """ + "\n");
            _sentinels.Add(Process.Start(new ProcessStartInfo("redis-server", [file, "--sentinel"]) { RedirectStandardOutput = true })!);
            Ports.Add(port);
        }

        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                return await MasterPortAsync() == _servers[0].Port && await KnowEachOtherAsync();
            }
            catch (RedisException)
            {
                return false;
            }
        });
    }

    private async Task<bool> KnowEachOtherAsync()
    {
        foreach (var port in Ports)
        {
            await using var sentinel = await ConnectionMultiplexer.SentinelConnectAsync($"127.0.0.1:{port}");
            var server = sentinel.GetServer("127.0.0.1", port);
            if ((await server.SentinelSentinelsAsync(Service)).Length < 2 || (await server.SentinelReplicasAsync(Service)).Length < 2)
            {
                return false;
            }
        }

        return true;
    }
}
