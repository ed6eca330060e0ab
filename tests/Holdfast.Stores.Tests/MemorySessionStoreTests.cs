using Holdfast.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Stores.Tests;

/// <summary>The store in memory keeps the contract.</summary>
public sealed class MemorySessionStoreTests : SessionStoreContract
{
    protected override Task<ISessionStore> OpenAsync(FakeTimeProvider clock) => Task.FromResult<ISessionStore>(new MemorySessionStore(clock));
}
