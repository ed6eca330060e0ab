using Microsoft.Playwright;
using static Holdfast.Compatibility.Tests.Client.MisbehavingServer;

namespace Holdfast.Compatibility.Tests.Client;

/// <summary><c>@holdfast/browser</c> in a real browser, where servers, networks and clocks do what they should not.</summary>
public sealed class ClientTests(Suite suite) : IAsyncDisposable
{
    private const string NoMeans = "delete Navigator.prototype.locks; delete globalThis.BroadcastChannel";

    private readonly MisbehavingServer _server = new();
    private readonly List<IBrowserContext> _contexts = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(NoMeans)]
    public async Task A_token_that_is_expired_again_after_its_refresh_is_neither_refreshed_nor_retried_once_more(string without)
    {
        _server.On("/api", _ => Refusal(401, "token_expired")).On("/auth/refresh", _ => new RouteFulfillOptions { Status = 204 });
        var page = await OpenAsync(without);
        Assert.Equal(401, await page.EvaluateAsync<int>("async () => (await client.fetch('/api')).status"));
        string[] once = ["GET /api", "GET /auth/session", "GET /auth/csrf", "POST /auth/refresh", "GET /api"];
        Assert.Equal(once, _server.Asked);

        // The next request finds out at once; it does not refresh in vain again.
        Assert.Equal(401, await page.EvaluateAsync<int>("async () => (await client.fetch('/api')).status"));
        Assert.Equal([.. once, "GET /api"], _server.Asked);
        Assert.Empty(await HeardAsync(page));
    }

    [Theory]
    [InlineData("application/json", """{"reason":"token_expired"}""")]
    [InlineData("application/problem+json", """{"type":"https://example.org/expired","reason":"token_expired"}""")]
    [InlineData("application/problem+json", "not JSON")]
    [InlineData("text/html", "<h1>401</h1>")]
    public async Task A_401_that_is_not_Holdfasts_is_passed_on_and_means_nothing(string type, string body)
    {
        _server.On("/api", _ => new RouteFulfillOptions { Status = 401, ContentType = type, Body = body });
        var page = await OpenAsync();
        Assert.Equal($"401 {body}", await page.EvaluateAsync<string>("async () => { const answer = await client.fetch('/api'); return `${answer.status} ${await answer.text()}` }"));
        Assert.Equal(["GET /api"], _server.Asked);
        Assert.Empty(await HeardAsync(page));
    }

    [Fact]
    public async Task A_browser_that_keeps_no_cookies_is_signed_out_and_asks_nobody_again_and_again()
    {
        _server.On("/api", _ => Refusal(401, "session_missing")).On("/auth/session", _ => Refusal(401, "session_missing"));
        var page = await OpenAsync();
        Assert.True(await page.EvaluateAsync<bool>("async () => await client.session() === null"));
        Assert.Equal(401, await page.EvaluateAsync<int>("async () => (await client.fetch('/api')).status"));
        Assert.Equal(["GET /auth/session", "GET /api"], _server.Asked);
        Assert.Empty(await HeardAsync(page));
    }

    [Fact]
    public async Task A_lost_refresh_leaves_the_refusal_as_it_was_and_the_next_request_tries_again()
    {
        var (refreshed, lost) = (false, true);
        _server.On("/api", _ => refreshed ? Json(200, "{}") : Refusal(401, "token_expired")).On("/auth/refresh", _ =>
        {
            refreshed = !lost;
            return lost ? null : new RouteFulfillOptions { Status = 204 };
        });
        var page = await OpenAsync();
        Assert.Equal(401, await page.EvaluateAsync<int>("async () => (await client.fetch('/api')).status"));
        lost = false;
        Assert.Equal(200, await page.EvaluateAsync<int>("async () => (await client.fetch('/api')).status"));
        Assert.Empty(await HeardAsync(page));
    }

    [Fact]
    public async Task A_reused_token_signs_out_every_tab()
    {
        var live = true;
        _server.On("/auth/session", _ => live ? Session("one", TimeSpan.FromHours(1), TimeSpan.Zero) : Refusal(401, "token_expired"))
            .On("/api", _ => Refusal(401, "token_expired")).On("/auth/refresh", _ => Refusal(401, "token_reused"));
        var page = await OpenAsync();
        var tab = await TabAsync(page.Context);
        await tab.EvaluateAsync("() => client.session()");
        await page.EvaluateAsync("() => client.session()");
        live = false;
        Assert.Equal(401, await page.EvaluateAsync<int>("async () => (await client.fetch('/api')).status"));
        await HearsAsync(page, "signed-out token_reused");
        await HearsAsync(tab, "signed-out token_reused");
    }

    [Fact]
    public async Task A_stale_CSRF_token_is_renewed_once_with_the_same_body_sent_again()
    {
        var (issued, bodies) = (0, new List<string>());
        _server.On("/auth/csrf", _ => Json(200, $$"""{"token":"token-{{++issued}}","header":"X-CSRF-Token","field":"csrf_token"}""")).On("/api", request =>
        {
            bodies.Add(request.PostData ?? "");
            return request.Headers["x-csrf-token"] == "token-1" ? Refusal(403, "csrf_failed") : Json(200, "{}");
        }).On("/never", _ => Refusal(403, "csrf_failed"));
        var page = await OpenAsync();
        Assert.Equal(200, await page.EvaluateAsync<int>("async () => (await client.fetch('/api', { method: 'POST', body: 'a note' })).status"));
        Assert.Equal(["a note", "a note"], bodies);
        Assert.Equal(403, await page.EvaluateAsync<int>("async () => (await client.fetch('/never', { method: 'POST' })).status"));
        Assert.Equal(["GET /auth/csrf", "POST /api", "GET /auth/csrf", "POST /api", "POST /never", "GET /auth/csrf", "POST /never"], _server.Asked);
    }

    [Fact]
    public async Task Foreign_origins_bearers_and_requests_without_cookies_get_no_token_and_no_retry()
    {
        _server.On("/api", request => request.Headers.ContainsKey("x-csrf-token") ? null : Refusal(401, "token_expired"));
        var page = await OpenAsync();
        foreach (var call in new[] { "'/api', { method: 'POST', credentials: 'omit' }", "'/api', { method: 'POST', headers: { Authorization: 'Bearer x' } }" })
        {
            Assert.Equal(401, await page.EvaluateAsync<int>($"async () => (await client.fetch({call})).status"));
        }

        await page.EvaluateAsync("() => client.fetch('http://127.0.0.1:1/api', { method: 'POST', mode: 'no-cors' })");
        Assert.Equal(["POST /api", "POST /api", "POST /api"], _server.Asked);
    }

    [Fact]
    public async Task Who_signs_in_in_one_tab_is_signed_in_in_the_others_and_a_late_answer_about_the_past_changes_nothing()
    {
        var late = new TaskCompletionSource();
        _server.On("/auth/session", _ => Refusal(401, "session_missing"));
        var page = await OpenAsync();
        Assert.True(await page.EvaluateAsync<bool>("async () => await client.session() === null"));
        _server.On("/auth/session", _ => Session("two", TimeSpan.FromHours(1), TimeSpan.Zero)).On("/slow", _ => Refusal(401, "session_missing"));
        await page.Context.RouteAsync("**/slow", async route =>
        {
            await late.Task;
            await route.FulfillAsync(Refusal(401, "session_missing"));
        });
        var slow = page.EvaluateAsync<int>("async () => (await client.fetch('/slow')).status");
        var tab = await TabAsync(page.Context);
        await tab.EvaluateAsync("() => client.session()");
        await HearsAsync(page, "signed-in two");
        late.SetResult();
        Assert.Equal(401, await slow);
        Assert.Equal(["signed-in two"], await HeardAsync(page));
        Assert.Empty(await HeardAsync(tab));
    }

    [Fact]
    public async Task The_idle_end_is_warned_of_by_the_servers_clock_and_again_only_after_use()
    {
        var idle = TimeSpan.FromSeconds(30);
        _server.On("/auth/session", _ =>
        {
            // This machine's clock is an hour behind the server's.
            var answer = Session("one", TimeSpan.FromHours(1) + idle, TimeSpan.FromMinutes(30) - TimeSpan.FromHours(1));
            answer.Headers = [KeyValuePair.Create("Date", TimeProvider.System.GetUtcNow().AddHours(1).ToString("R"))];
            return answer;
        });
        var page = await OpenAsync();
        await page.EvaluateAsync("() => client.session()");
        Assert.Equal(["idle-warning"], await HeardAsync(page));
        idle = TimeSpan.FromMinutes(25);
        await page.EvaluateAsync("() => client.session()");
        Assert.Equal(["idle-warning"], await HeardAsync(page));
        idle = TimeSpan.FromSeconds(20);
        await page.EvaluateAsync("() => client.session()");
        Assert.Equal(["idle-warning", "idle-warning"], await HeardAsync(page));
    }

    [Fact]
    public async Task An_outage_is_no_sign_out()
    {
        _server.On("/auth/session", _ => Session("one", TimeSpan.FromHours(1), TimeSpan.Zero));
        var page = await OpenAsync();
        await page.EvaluateAsync("() => client.session()");
        _server.On("/auth/session", _ => Refusal(503, "store_unavailable")).On("/auth/logout", _ => Refusal(503, "store_unavailable"));
        foreach (var call in new[] { "session()", "signOut()" })
        {
            Assert.Equal("HoldfastError 503 store_unavailable", await page.EvaluateAsync<string>($"() => client.{call}.then(() => 'done', error => `${{error.name}} ${{error.status}} ${{error.reason}}`)"));
        }

        _server.On("/auth/csrf", _ => Refusal(503, "store_unavailable"));
        Assert.Equal(503, await page.EvaluateAsync<int>("async () => (await client.fetch('/auth/logout', { method: 'POST' })).status"));
        Assert.Empty(await HeardAsync(page));
    }

    private async Task<IPage> OpenAsync(string without = "")
    {
        var context = await suite.Chromium.Browser.NewContextAsync();
        _contexts.Add(context);
        return await _server.OpenAsync(context, without);
    }

    private static Task<string[]> HeardAsync(IPage page) => page.EvaluateAsync<string[]>("() => heard");

    private static Task HearsAsync(IPage page, string what) => Until.TrueAsync(async () => (await HeardAsync(page)).Contains(what), $"the tab hears '{what}'");
}
