using Holdfast.Sqlite;
using Holdfast.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Stores.Tests.Sqlite;

/// <summary>The SQLite store keeps the contract; its "other node" is another opening of the same file, as another process would have.</summary>
public sealed class SqliteSessionStoreTests : SessionStoreContract
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<SqliteSessionStore> _opened = [];

    private string Database => Path.Combine(_directory.Path, "sessions.db");

    protected override Task<ISessionStore> OpenAsync(FakeTimeProvider clock) => Task.FromResult<ISessionStore>(Open());

    protected override Task<ISessionStore> AnotherNodeAsync() => Task.FromResult<ISessionStore>(Open());

    protected override async ValueTask CloseAsync(ISessionStore store)
    {
        foreach (var opened in _opened)
        {
            await opened.DisposeAsync();
        }

        _directory.Dispose();
    }

    private SqliteSessionStore Open()
    {
        var store = SqliteSessionStore.Open(Database, Clock);
        _opened.Add(store);
        return store;
    }
}
