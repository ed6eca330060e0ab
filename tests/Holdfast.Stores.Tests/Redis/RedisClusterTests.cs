using Holdfast.Redis;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Stores.Tests.Redis;

/// <summary>One cluster for all tests of a class; each test has keys of its own.</summary>
public sealed class RedisClusterFixture : IAsyncLifetime
{
    private RedisCluster? _cluster;

    internal string ConnectionString => _cluster!.ConnectionString;

    public async ValueTask InitializeAsync() => _cluster = await RedisCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster!.DisposeAsync();
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
