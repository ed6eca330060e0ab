using Holdfast.Redis;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Stores.Tests.Redis;

/// <summary>One server for all tests of a class; each test has keys of its own.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private RedisServer? _server;

    internal RedisServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>The Redis store keeps the contract on a real server; its "other node" is another connection.</summary>
public sealed class RedisSessionStoreTests(RedisFixture fixture) : SessionStoreContract, IClassFixture<RedisFixture>
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
        var store = await RedisSessionStore.ConnectAsync(fixture.Server.ConnectionString, Clock, _prefix);
        _opened.Add(store);
        return store;
    }
}
