using System.Diagnostics;
using Holdfast.Redis;

namespace Holdfast.Tests.Shared;

/// <summary>Six real processes: three masters, each with a replica.</summary>
internal sealed class RedisCluster : IAsyncDisposable
{
    private readonly List<RedisServer> _servers = [];

    public IReadOnlyList<RedisServer> Servers => _servers;

    public string ConnectionString => string.Join(',', _servers.Select(server => $"127.0.0.1:{server.Port}")) + ",connectTimeout=5000,syncTimeout=5000";

    public static async Task<RedisCluster> StartAsync()
    {
        var cluster = new RedisCluster();
        try
        {
            await cluster.StartServersAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server that is a master now.</summary>
    public async Task<RedisServer> AnyMasterAsync()
    {
        foreach (var server in _servers)
        {
            if (await IsMasterAsync(server))
            {
                return server;
            }
        }

        throw new InvalidOperationException("There is no master.");
    }

    /// <summary>The server that would take the place of <paramref name="master"/>.</summary>
    public async Task<RedisServer> ReplicaOfAsync(RedisServer master)
    {
        foreach (var server in _servers)
        {
            var replication = await server.InfoAsync("replication");
            if (replication["role"] == "slave" && replication["master_port"] == $"{master.Port}")
            {
                return server;
            }
        }

        throw new InvalidOperationException("That master has no replica.");
    }

    public async Task<bool> IsMasterAsync(RedisServer server) => (await server.InfoAsync("replication"))["role"] == "master";

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task StartServersAsync()
    {
        for (var index = 0; index < 6; index++)
        {
            _servers.Add(await RedisServer.StartAsync(
                "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--min-replicas-to-write", "1", "--appendfsync", "everysec"));
        }

        string[] nodes = [.. _servers.Select(server => $"127.0.0.1:{server.Port}")];
        using var create = Process.Start(new ProcessStartInfo("redis-cli", ["--cluster", "create", .. nodes, "--cluster-replicas", "1", "--cluster-yes"])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await create.StandardOutput.ReadToEndAsync();
        await create.WaitForExitAsync();
        Assert.True(create.ExitCode == 0, output);

        // Masters refuse writes until their replicas have caught up, and every node until it knows all slots.
        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                await using var store = await RedisSessionStore.ConnectAsync(ConnectionString, null, "probe");
                await store.EndEveryoneAsync("probe", EndReason.Revoked, CancellationToken.None);
                return true;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        });
    }
}
