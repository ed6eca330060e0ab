using System.Net;
using Holdfast.Compatibility.Tests.Table;
using Microsoft.Playwright;

namespace Holdfast.Compatibility.Tests.Scenarios;

[Titled(5, "Refreshing tokens in cookies")]
public sealed class Refreshing(Suite suite) : Scenario(suite)
{
    private const string Client = "(await import('/shared/holdfast-browser.js')).createClient()";

    [Theory, EveryBackend]
    public async Task Five_tabs_at_once_refresh_once_and_stay_signed_in(string backend)
    {
        var (visitor, pages) = Suite.Aging[backend].Tabs;
        Leaving(visitor);
        var refreshes = 0;
        visitor.Context.Response += (_, response) => refreshes += response.Url.EndsWith("/auth/refresh", StringComparison.Ordinal) ? 1 : 0;
        var first = await visitor.CookieAsync(Visitor.AccessCookie);
        await Until.TrueAsync(async () => await Visitor.TryAsync(pages[0], "/api/me") == "401 token_expired", "the access token expires", TimeSpan.FromSeconds(50));
        var answers = await Task.WhenAll(pages.Select(page => page.EvaluateAsync<int>($"async () => (await {Client}.fetch('/api/me')).status")));
        Assert.Equal([200, 200, 200, 200, 200], answers);
        Assert.Equal(1, refreshes);
        Assert.NotEqual(first, await visitor.CookieAsync(Visitor.AccessCookie));
        Assert.Equal("200", await Visitor.TryAsync(pages[4], "/api/me"));
    }

    [Theory, EveryBackend]
    public async Task A_lost_answer_to_a_refresh_signs_nobody_out(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.SignInAsync("token-cookies");
        var before = await ada.CookieAsync(Visitor.RefreshCookie);
        var answered = new List<HttpStatusCode>();
        await page.RouteAsync("**/auth/refresh", async route =>
        {
            answered.Add((await SendAsBrowserAsync(ada, route.Request.Headers["x-csrf-token"])).Status);
            await route.AbortAsync();
        });
        await ada.Context.ClearCookiesAsync(new() { Name = Visitor.AccessCookie });
        Assert.False(await page.EvaluateAsync<bool>($"() => (async () => {Client}.refresh())()"));
        Assert.Equal([HttpStatusCode.NoContent], answered);
        Assert.Equal(before, await ada.CookieAsync(Visitor.RefreshCookie));
        await page.UnrouteAsync("**/auth/refresh");

        // The browser still has the token that was spent. It is answered with the same successor.
        Assert.True(await page.EvaluateAsync<bool>($"() => (async () => {Client}.refresh())()"));
        Assert.NotEqual(before, await ada.CookieAsync(Visitor.RefreshCookie));
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/me"));
    }

    [Theory, EveryBackend]
    public async Task A_replayed_token_is_refused_and_ends_its_session(string backend)
    {
        var (page, _, thief) = await ReplayAsync(backend);
        Assert.Equal((HttpStatusCode.Unauthorized, "token_reused"), thief);
        await RefusedAsync(page, "401 session_revoked", "401 token_invalid");
        Assert.False(await page.EvaluateAsync<bool>($"() => (async () => {Client}.refresh())()"));
        await page.GotoAsync("/");
        Assert.EndsWith("/login", page.Url, StringComparison.Ordinal);
    }

    [Theory, EveryBackend]
    public async Task A_replayed_token_raises_an_alarm_that_names_the_session(string backend)
    {
        var (_, sid, _) = await ReplayAsync(backend);
        await Until.TrueAsync(
            () => Deployment.LinesOf(backend).Any(line => line.Contains("refresh.reused", StringComparison.Ordinal) && line.Contains($"sid={sid} ", StringComparison.Ordinal)),
            "refresh.reused is recorded");
    }

    // Two refreshes on, the first token comes back: somebody has a copy.
    private async Task<(IPage Page, string Sid, (HttpStatusCode Status, string? Reason) Thief)> ReplayAsync(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.SignInAsync("token-cookies");
        var sid = await Visitor.SidAsync(page);
        var token = await Visitor.CsrfTokenAsync(page);
        var copied = (await ada.CookieAsync(Visitor.RefreshCookie))!;
        foreach (var _ in Enumerable.Range(0, 2))
        {
            Assert.Equal("204", await Visitor.TryAsync(page, "/auth/refresh", "POST", token));
        }

        return (page, sid, await SendAsBrowserAsync(ada, token, copied));
    }

    private static async Task<(HttpStatusCode Status, string? Reason)> SendAsBrowserAsync(Visitor visitor, string token, string? refreshToken = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = visitor.Site };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/refresh");
        request.Headers.Add("Cookie", $"{Visitor.RefreshCookie}={refreshToken ?? await visitor.CookieAsync(Visitor.RefreshCookie)}");
        request.Headers.Add("X-CSRF-Token", token);
        request.Headers.Add("Origin", visitor.Site.GetLeftPart(UriPartial.Authority));
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? null : System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("reason").GetString());
    }
}
