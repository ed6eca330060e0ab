using System.Text;
using Holdfast.Data;
using Holdfast.Limits;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Holdfast.Testing;

/// <summary>
/// What every store promises, as tests. A store of ours or of anybody's passes them through a short subclass that says how to open an
/// empty one. Parts of this class lie beside it, one for each capability.
/// </summary>
public abstract partial class SessionStoreContract : IAsyncLifetime
{
    private ISessionStore? _store;

    /// <summary>The clock that the store goes by.</summary>
    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));

    /// <summary>The store under test.</summary>
    protected ISessionStore Store => _store!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _store = await OpenAsync(Clock);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await CloseAsync(Store);
    }

    /// <summary>Opens an empty store that goes by this clock.</summary>
    protected abstract Task<ISessionStore> OpenAsync(FakeTimeProvider clock);

    /// <summary>Another node's view of the same sessions. A store that only one process can see answers itself.</summary>
    protected virtual Task<ISessionStore> AnotherNodeAsync() => Task.FromResult(Store);

    /// <summary>Closes what <see cref="OpenAsync"/> opened.</summary>
    protected virtual ValueTask CloseAsync(ISessionStore store) => ValueTask.CompletedTask;

    /// <summary>Inserts a session of this subject and answers it.</summary>
    protected async Task<Session> CreatedAsync(string? subject = TestSessions.Ada, string tenant = TestSessions.Tenant, params (string Field, string Value)[] data)
    {
        var session = TestSessions.Cookie(await Store.ReadSubjectAsync(tenant, subject, CancellationToken.None), subject, tenant);
        var result = await Store.CreateAsync(TestSessions.New(session, null, data), CancellationToken.None);
        Assert.Equal(CreateStatus.Created, result.Status);
        return session;
    }

    /// <summary>The record as it is now.</summary>
    protected async Task<Session?> FoundAsync(SessionHandle handle) => (await Store.FindAsync(handle, CancellationToken.None)).Session;

    /// <summary>Ends it as the engine does.</summary>
    protected async Task<bool> EndedAsync(SessionHandle handle, EndReason reason = EndReason.SignedOut)
    {
        while (await FoundAsync(handle) is { Ending: null } session)
        {
            if (await Store.ReplaceAsync(session.Ended(Clock.GetUtcNow(), reason), session.Version, CancellationToken.None))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The handles of everybody's live sessions, by browsing.</summary>
    protected async Task<List<SessionHandle>> BrowsedAsync(string tenant = TestSessions.Tenant, int pageSize = 7)
    {
        var handles = new List<SessionHandle>();
        string? cursor = null;
        do
        {
            var page = await Store.BrowseAsync(tenant, cursor, pageSize, CancellationToken.None);
            handles.AddRange(page.Sessions.Select(session => session.Handle));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return handles;
    }

    /// <summary>One field of a session's data; null if it is not there.</summary>
    protected async Task<string?> FieldAsync(SessionHandle handle, string field) =>
        (await Store.ReadDataAsync(handle, CancellationToken.None))?.Fields.GetValueOrDefault(field) is { } found ? Encoding.UTF8.GetString(found.Value.Span) : null;

    /// <summary>Writes one field.</summary>
    protected ValueTask<DataWriteStatus> WriteAsync(SessionHandle handle, string field, string? value, long? expected = null, int maxBytes = 65_536) => Store.WriteDataAsync(
        handle,
        [new DataChange(field, value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value), expected)],
        maxBytes,
        CancellationToken.None);

    /// <summary>Runs the same work many times at once.</summary>
    protected static Task<T[]> AtOnceAsync<T>(int times, Func<int, Task<T>> work) => Task.WhenAll(Enumerable.Range(0, times).Select(index => Task.Run(() => work(index))));

    /// <summary>Cleans up until there is nothing to do.</summary>
    protected async Task<List<ExpiredSession>> PurgedAsync(int batch = 50)
    {
        var told = new List<ExpiredSession>();
        PurgeResult step;
        do
        {
            step = await Store.PurgeAsync(batch, CancellationToken.None);
            Assert.True(step.Expired.Length <= batch, $"A step of {batch} ended {step.Expired.Length} sessions.");
            told.AddRange(step.Expired);
        }
        while (step.More);
        return told;
    }

    /// <summary>Inserts sessions of one subject side by side, all under one limit.</summary>
    protected Task<CreateResult[]> RacedSignInsAsync(int times, SessionLimit limit) => AtOnceAsync(times, async _ =>
    {
        var session = TestSessions.Cookie(await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None));
        return await Store.CreateAsync(TestSessions.New(session, limit), CancellationToken.None);
    });
}
