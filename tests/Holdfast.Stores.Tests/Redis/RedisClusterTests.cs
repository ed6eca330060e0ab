using System.Diagnostics;
using Holdfast.Redis;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Stores.Tests.Redis;

/// <summary>Six real processes: three masters, each with a replica.</summary>
public sealed class RedisClusterFixture : IAsyncLifetime
{
    private readonly List<RedisServer> _servers = [];

    internal string ConnectionString => string.Join(',', _servers.Select(server => $"127.0.0.1:{server.Port}")) + ",connectTimeout=5000,syncTimeout=5000";

    public async ValueTask InitializeAsync()
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

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}

/// <summary>The Redis store keeps the contract on a real Redis Cluster, whose slots spread its partitions over three masters.</summary>
public sealed class RedisClusterTests(RedisClusterFixture fixture) : SessionStoreContract, IClassFixture<RedisClusterFixture>
{
    private readonly string _prefix = SessionHandle.New(0).ToString();
    private readonly List<RedisSessionStore> _opened = [];

    protected override async Task<ISessionStore> OpenAsync(FakeTimeProvider clock) => await ConnectAsync();

    protected override async Task<ISessionStore> AnotherNodeAsync() => await ConnectAsync();

    protected override async ValueTask CloseAsync(ISessionStore store)
    {
        foreach (var opened in _opened)
        {
            await opened.DisposeAsync();
        }
    }

    private async Task<RedisSessionStore> ConnectAsync()
    {
        var store = await RedisSessionStore.ConnectAsync(fixture.ConnectionString, Clock, _prefix);
        _opened.Add(store);
        return store;
    }
}
