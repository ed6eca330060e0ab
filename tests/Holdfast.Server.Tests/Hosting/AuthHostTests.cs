namespace Holdfast.Server.Tests.Hosting;

/// <summary><c>/auth/*</c> on the server itself: the browser's host says which application's pages these are.</summary>
public sealed class AuthHostTests
{
    [Fact]
    public async Task A_browser_reaches_its_session_behind_the_origin_of_its_application()
    {
        await using var server = await RunningServer.StartAsync();
        var shop = await server.AddAsync("shop", application => application with { Tenant = "shop", Origins = [server.Issuer] });
        var session = await shop.SignInAsync();
        var own = await new ApiCaller(server.Http, "").GetAsync("/auth/session");
        Assert.Equal((401, "session_missing"), (own.Status, own.Reason));
        var current = await BrowseAsync(server, session.Cookie);
        Assert.Equal((200, "ada", "shop"), (current.Status, current["subject"], current["tenant"]));

        // Another tenant's cookie is nobody's here.
        Assert.Equal("session_missing", (await BrowseAsync(server, (await server.First.SignInAsync()).Cookie)).Reason);
    }

    [Fact]
    public async Task A_host_that_is_no_applications_has_no_auth_endpoints()
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.First.GetAsync("/auth/session");
        Assert.Equal((404, "not_found"), (answer.Status, answer.Reason));
        Assert.Contains(server.Issuer, answer["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_needs_the_pages_own_origin_and_ends_the_session()
    {
        await using var server = await RunningServer.StartAsync();
        var shop = await server.AddAsync("shop", application => application with { Origins = [server.Issuer] });
        var session = await shop.SignInAsync();
        using var browser = new BrowserClient(server.Address, server.Clock);
        browser.Plant(new BrowserCookie("__Host-Http-holdfast", session.Cookie, "/", true, true, "lax", null, null));
        browser.FetchSite = "cross-site";
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await browser.PostFormAsync("/auth/logout")).StatusCode);
        browser.FetchSite = "same-origin";
        Assert.Equal(System.Net.HttpStatusCode.NoContent, (await browser.PostAsync("/auth/logout", new { scope = "this" })).StatusCode);
        Assert.Equal("session_revoked", (await shop.VerifyCookieAsync(session.Cookie)).Reason);
    }

    [Fact]
    public async Task A_refresh_behind_an_origin_serves_that_application_alone()
    {
        await using var server = await RunningServer.StartAsync();
        var shop = await server.AddAsync("shop", application => application with { Origins = [server.Issuer], Audience = "https://api.shop.test" });
        var mine = await shop.SignInAsync(transport: "tokens");
        var others = await server.First.SignInAsync(transport: "tokens");
        Assert.Equal("invalid_grant", (await server.First.PostAsync("/auth/refresh", new { refresh_token = others.RefreshToken }))["error"]);
        using var http = new HttpClient { BaseAddress = server.Address };
        var refreshed = await new ApiCaller(http, "").PostAsync("/auth/refresh", new { refresh_token = mine.RefreshToken });
        Assert.Equal(200, refreshed.Status);
        Assert.Equal("live", (await shop.VerifyTokenAsync(refreshed["access_token"]!))["status"]);
    }

    [Theory]
    [InlineData("127.0.0.1", 200)]
    [InlineData("192.0.2.1", 404)]
    [Requirement("HP-12")]
    public async Task Forwarded_headers_count_from_known_proxies_alone(string proxy, int status)
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:KnownProxies:0", proxy));
        var shop = await server.AddAsync("shop", application => application with { Origins = ["https://shop.test"] });
        var session = await shop.SignInAsync();
        var answer = await new ApiCaller(server.Http, "").SendAsync(
            HttpMethod.Get, "/auth/session", null, ("Cookie", $"__Host-Http-holdfast={session.Cookie}"), ("X-Forwarded-Host", "shop.test"), ("X-Forwarded-Proto", "https"));
        Assert.Equal(status, answer.Status);
    }

    private static Task<ApiAnswer> BrowseAsync(RunningServer server, string cookie) =>
        new ApiCaller(server.Http, "").SendAsync(HttpMethod.Get, "/auth/session", null, ("Cookie", $"__Host-Http-holdfast={cookie}"));
}
