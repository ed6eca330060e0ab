using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Holdfast.AspNetCore.Tests.Endpoints;

/// <summary>The endpoints of <c>MapHoldfast</c>.</summary>
public sealed class AuthEndpointTests
{
    [Fact]
    [Requirement("CS-02", "SU-01", "CS-04")]
    public async Task Who_am_I_and_on_which_devices()
    {
        await using var app = await TestApp.StartAsync();
        using var laptop = await app.SignedInAsync();
        using var phone = app.Browser();
        phone.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";
        app.Clock.Advance(TimeSpan.FromMinutes(1));
        await phone.PostAsync("/sign-in/ada");
        using var stranger = await app.SignedInAsync("grace");

        var session = await Answer.JsonAsync(await laptop.GetAsync("/auth/session"));
        Assert.Equal(("ada", "default", "2026-03-01T09:00:00+00:00"), (session.GetProperty("subject").GetString(), session.GetProperty("tenant").GetString(), session.GetProperty("auth_time").GetString()));
        Assert.Equal("pwd", session.GetProperty("amr")[0].GetString());
        var list = (await Answer.JsonAsync(await laptop.GetAsync("/auth/sessions"))).GetProperty("sessions").EnumerateArray().ToArray();
        Assert.Equal(["Safari on iPhone", "Firefox on Linux"], list.Select(one => one.GetProperty("device").GetProperty("name").GetString()));
        Assert.Equal([false, true], list.Select(one => one.GetProperty("current").GetBoolean()));
        var everything = list.Select(one => one.ToString()).Aggregate(string.Concat);
        Assert.DoesNotContain(phone.Cookies["__Host-Http-holdfast"].Value[^20..], everything, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("LO-06", "CS-02")]
    public async Task One_device_signs_out_another_and_nobody_elses()
    {
        await using var app = await TestApp.StartAsync();
        using var laptop = await app.SignedInAsync();
        using var phone = await app.SignedInAsync();
        using var grace = await app.SignedInAsync("grace");
        var (phones, graces) = (await SidAsync(phone), await SidAsync(grace));
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostAsync($"/auth/sessions/{phones}", method: HttpMethod.Delete)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostAsync($"/auth/sessions/{graces}", method: HttpMethod.Delete)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostAsync($"/auth/sessions/{SessionHandle.New(0)}", method: HttpMethod.Delete)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await laptop.PostAsync("/auth/sessions/not-a-handle", method: HttpMethod.Delete)).StatusCode);
        Assert.Equal("session_revoked", await Answer.ReasonAsync(await phone.GetAsync("/me")));
        Assert.Equal(HttpStatusCode.OK, (await grace.GetAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await laptop.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("LO-05", "LO-06")]
    public async Task All_others_or_all_can_be_signed_out_by_JSON_or_form()
    {
        await using var app = await TestApp.StartAsync();
        using var laptop = await app.SignedInAsync();
        using var phone = await app.SignedInAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostAsync("/auth/logout", new { scope = "others" })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.GetAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await laptop.GetAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await laptop.PostAsync("/auth/logout", new { scope = "mine" })).StatusCode);
        var token = await laptop.CsrfTokenAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostFormAsync("/auth/logout", ("scope", "all"), ("csrf_token", token))).StatusCode);
        Assert.Empty(await app.Sessions.ListAsync(SessionPolicy.DefaultTenant, "ada", CancellationToken.None));
    }

    [Fact]
    [Requirement("CS-03")]
    public async Task Ending_other_devices_needs_a_recent_sign_in()
    {
        await using var app = await TestApp.StartAsync();
        using var phone = await app.SignedInAsync();
        using var laptop = await app.SignedInAsync();
        var sid = await SidAsync(phone);
        app.Clock.Advance(TimeSpan.FromMinutes(16));
        foreach (var refused in new[]
        {
            await laptop.PostAsync($"/auth/sessions/{sid}", method: HttpMethod.Delete), await laptop.PostAsync("/auth/logout", new { scope = "others" }),
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal("reauthentication_required", await Answer.ReasonAsync(refused));
            Assert.Equal("Bearer error=\"insufficient_user_authentication\", max_age=\"300\"", refused.Headers.WwwAuthenticate.ToString());
        }

        await laptop.PostAsync("/sign-in/ada");
        Assert.Equal(HttpStatusCode.NoContent, (await laptop.PostAsync($"/auth/sessions/{sid}", method: HttpMethod.Delete)).StatusCode);
    }

    [Fact]
    [Requirement("RT-01", "HP-03")]
    public async Task Tokens_are_issued_refreshed_used_and_revoked()
    {
        await using var app = await TestApp.StartAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        var first = await Answer.JsonAsync(await client.PostAsync("/tokens/ada", null));
        Assert.Equal("ada", await (await WithBearerAsync(client, "/me", Access(first))).Content.ReadAsStringAsync());
        Assert.Equal("changed ada", await (await WithBearerAsync(client, "/me", Access(first), HttpMethod.Post)).Content.ReadAsStringAsync());

        using var response = await client.PostAsync("/auth/refresh", new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", Refresh(first))]));
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.Equal("no-cache", response.Headers.Pragma.ToString());
        var second = await Answer.JsonAsync(response);
        Assert.Equal(("Bearer", 300), (second.GetProperty("token_type").GetString(), second.GetProperty("expires_in").GetInt32()));
        Assert.NotEqual(Refresh(first), Refresh(second));
        await RefreshAsync(client, Refresh(second));
        using var reused = await RefreshAsync(client, Refresh(first));
        Assert.Equal(HttpStatusCode.Unauthorized, reused.StatusCode);
        Assert.Equal(("token_reused", "invalid_grant"), (await Answer.ReasonAsync(reused), await Answer.TextAsync(reused, "error")));
        Assert.Equal("session_revoked", await Answer.ReasonAsync(await WithBearerAsync(client, "/me", Access(second))));
        Assert.DoesNotContain(response.Headers, header => header.Key == "Set-Cookie");
    }

    [Fact]
    [Requirement("RT-12")]
    public async Task A_bearer_header_is_never_replaced_by_the_cookie_and_tells_expired_from_invalid()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        var access = Access(await Answer.JsonAsync(await client.PostAsync("/tokens/grace", null)));
        async Task<HttpResponseMessage> Get(string authorization)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/me");
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
            return await ada.SendAsync(request);
        }

        Assert.Equal("grace", await (await Get($"bearer {access}")).Content.ReadAsStringAsync());
        foreach (var broken in new[] { "Bearer", "Bearer ", $"Bearer {access[..^2]}", $"Bearer {access} {access}", "Basic YWRhOnB3", $"Bearer {new string('a', 9000)}" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await Get(broken)).StatusCode);
        }

        app.Clock.Advance(TimeSpan.FromMinutes(6));
        using var expired = await Get($"Bearer {access}");
        Assert.Equal("token_expired", await Answer.ReasonAsync(expired));
        Assert.Equal("Bearer error=\"invalid_token\"", expired.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    [Requirement("RT-12", "RT-05", "CSRF-01")]
    public async Task Tokens_in_cookies_are_refreshed_in_cookies_and_signed_out_even_when_the_access_token_is_old()
    {
        await using var app = await TestApp.StartAsync();
        using var page = app.Browser();
        await page.PostAsync("/token-cookies/ada");
        var (access, refresh) = (page.Cookies["__Host-Http-holdfast-at"], page.Cookies["__Secure-holdfast-rt"]);
        Assert.Equal(("/", "/auth", true, true), (access.Path, refresh.Path, refresh.HttpOnly, refresh.Secure));
        Assert.Equal("ada", await (await page.GetAsync("/me")).Content.ReadAsStringAsync());

        app.Clock.Advance(TimeSpan.FromMinutes(6));

        // The page is told to refresh, so the browser must still have the old token to present.
        using var expired = await page.GetAsync("/me");
        Assert.Equal("token_expired", await Answer.ReasonAsync(expired));
        Assert.Equal(HttpStatusCode.Forbidden, (await page.PostFormAsync("/auth/refresh")).StatusCode);
        using var refreshed = await page.PostAsync("/auth/refresh");
        Assert.Equal(HttpStatusCode.NoContent, refreshed.StatusCode);
        Assert.NotEqual(refresh.Value, page.Cookies["__Secure-holdfast-rt"].Value);
        Assert.Equal("ada", await (await page.GetAsync("/me")).Content.ReadAsStringAsync());

        app.Clock.Advance(TimeSpan.FromMinutes(6));
        var stolen = page.Cookies["__Secure-holdfast-rt"];
        Assert.Equal(HttpStatusCode.NoContent, (await page.PostAsync("/auth/logout")).StatusCode);
        Assert.DoesNotContain("__Secure-holdfast-rt", page.Cookies.Keys);
        page.Plant(stolen);
        Assert.Equal(HttpStatusCode.Unauthorized, (await page.PostAsync("/auth/refresh")).StatusCode);
    }

    [Fact]
    [Requirement("SID-03", "RT-12")]
    public async Task A_sign_in_by_the_other_transport_leaves_no_cookie_of_the_one_before()
    {
        await using var app = await TestApp.StartAsync();
        using var page = app.Browser();
        await page.PostAsync("/sign-in/ada");
        var dead = page.Cookies["__Host-Http-holdfast"];
        await page.PostAsync("/auth/logout", new { scope = "this" });
        page.Plant(dead);
        await page.PostAsync("/token-cookies/ada");
        Assert.Equal(["__Host-Http-holdfast-at", "__Secure-holdfast-rt"], page.Cookies.Keys.Where(name => !name.EndsWith("-pre", StringComparison.Ordinal)).Order());
        Assert.Equal("ada", await (await page.GetAsync("/me")).Content.ReadAsStringAsync());

        await page.PostAsync("/sign-in/grace");
        Assert.Equal(["__Host-Http-holdfast"], page.Cookies.Keys.Where(name => !name.EndsWith("-pre", StringComparison.Ordinal)));
        Assert.Equal("grace", await (await page.GetAsync("/me")).Content.ReadAsStringAsync());
    }

    [Fact]
    [Requirement("RT-12")]
    public async Task A_token_from_a_cookie_is_never_answered_in_the_body_nor_the_reverse()
    {
        await using var app = await TestApp.StartAsync();
        using var page = app.Browser();
        await page.PostAsync("/token-cookies/ada");
        using var client = new HttpClient { BaseAddress = app.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await RefreshAsync(client, page.Cookies["__Secure-holdfast-rt"].Value)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await page.PostAsync("/auth/refresh")).StatusCode);
    }

    [Theory]
    [InlineData("{\"refresh_token\":")]
    [InlineData("[]")]
    [InlineData("{\"refresh_token\":1}")]
    [InlineData("{\"refresh_token\":\"a\",\"refresh_token\":\"b\"}")]
    [InlineData("{\"grant_type\":\"password\"}")]
    [Requirement("HP-02", "ER-01")]
    public async Task A_malformed_body_is_400_and_says_so(string body)
    {
        await using var app = await TestApp.StartAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        using var response = await client.PostAsync("/auth/refresh", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_request", await Answer.ReasonAsync(response));
    }

    [Fact]
    [Requirement("HP-12", "HP-02")]
    public async Task Other_methods_large_bodies_and_repeated_fields_are_refused()
    {
        await using var app = await TestApp.StartAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        using var put = await client.PutAsync("/auth/logout", null);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (put.StatusCode, put.Content.Headers.Allow.Single()));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.SendAsync(new HttpRequestMessage(HttpMethod.Trace, "/auth/session"))).StatusCode);
        using var large = await client.PostAsync("/auth/refresh", new StringContent("{\"refresh_token\":\"" + new string('x', 70_000) + "\"}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using var twice = await client.PostAsync("/auth/refresh", new FormUrlEncodedContent([new("refresh_token", "a"), new("refresh_token", "b")]));
        Assert.Equal(HttpStatusCode.BadRequest, twice.StatusCode);
    }

    [Fact]
    [Requirement("HP-10")]
    public async Task The_keys_are_published()
    {
        await using var app = await TestApp.StartAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        using var response = await client.GetAsync("/.well-known/jwks.json");
        Assert.Equal("ES256", (await Answer.JsonAsync(response)).GetProperty("keys")[0].GetProperty("alg").GetString());
        Assert.Equal(TimeSpan.FromMinutes(10), response.Headers.CacheControl!.MaxAge);
    }

    private static string Access(System.Text.Json.JsonElement tokens) => tokens.GetProperty("access_token").GetString()!;

    private static string Refresh(System.Text.Json.JsonElement tokens) => tokens.GetProperty("refresh_token").GetString()!;

    private static Task<HttpResponseMessage> RefreshAsync(HttpClient client, string token) => client.PostAsync(
        "/auth/refresh", new StringContent($"{{\"refresh_token\":\"{token}\"}}", Encoding.UTF8, "application/json"));

    private static async Task<HttpResponseMessage> WithBearerAsync(HttpClient client, string path, string token, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        return await client.SendAsync(request);
    }

    private static async Task<string> SidAsync(BrowserClient browser) => (await Answer.TextAsync(await browser.GetAsync("/auth/session"), "sid"))!;
}
