using Holdfast.Compatibility.Tests.Backends;
using Holdfast.Compatibility.Tests.Table;
using Holdfast.Tokens;

namespace Holdfast.Compatibility.Tests.Scenarios;

/// <summary>The same processes beside a Redis that can be suspended.</summary>
public sealed class SuspendableStore : IAsyncLifetime
{
    internal RedisServer Redis { get; private set; } = null!;

    internal Deployment Deployment { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Redis = await RedisServer.StartAsync();
        Deployment = await Deployment.StartAsync(
            ("Store", "redis"), ("ConnectionString", $"127.0.0.1:{Redis.Port}"), ("MasterSecret", Convert.ToBase64String(Secret.New().Reveal())));
    }

    public async ValueTask DisposeAsync()
    {
        await Deployment.DisposeAsync();
        await Redis.DisposeAsync();
    }
}

[Titled(7, "The store is silent")]
public sealed class Outages(Suite suite, SuspendableStore store) : Scenario(suite), IClassFixture<SuspendableStore>
{
    private protected override Deployment Deployment => store.Deployment;

    [Theory, EveryBackend]
    public async Task While_the_store_is_silent_nobody_is_signed_out_and_afterwards_all_goes_on(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.SignInAsync();
        var token = await Visitor.CsrfTokenAsync(page);
        var cookie = await ada.CookieAsync(Visitor.SessionCookie);
        store.Redis.Pause();
        try
        {
            await Until.TrueAsync(async () => await Visitor.TryAsync(page, "/api/me") == "503 store_unavailable", "memory alone vouches for nothing");
            Assert.Equal("503 store_unavailable", await Visitor.TryAsync(page, "/auth/session"));
            Assert.Equal("503 store_unavailable", await Visitor.TryAsync(page, "/auth/logout", "POST", token, new { scope = "this" }));
            await Assert.ThrowsAsync<Microsoft.Playwright.PlaywrightException>(() => page.EvaluateAsync("async () => (await import('/shared/holdfast-browser.js')).createClient().session()"));
            await Visitor.SignedInAsync(page);
            Assert.Equal(cookie, await ada.CookieAsync(Visitor.SessionCookie));
        }
        finally
        {
            store.Redis.Continue();
        }

        await Until.TrueAsync(async () => await Visitor.TryAsync(page, "/api/me") == "200", "the session is there again");
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/notes", "POST", token, new { text = "afterwards" }));
    }
}
