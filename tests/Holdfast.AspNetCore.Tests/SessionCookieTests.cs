using System.Net;

namespace Holdfast.AspNetCore.Tests;

/// <summary>The session cookie on the wire.</summary>
public sealed class SessionCookieTests
{
    private const string Session = "__Host-Http-holdfast";

    [Fact]
    [Requirement("SID-07", "SID-08", "SID-09", "SID-13")]
    public async Task The_cookie_is_host_bound_http_only_secure_lax_and_goes_when_the_browser_closes()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var cookie = ada.Cookies[Session];
        Assert.Equal(("/", true, true, "lax", null, null), (cookie.Path, cookie.Secure, cookie.HttpOnly, cookie.SameSite, cookie.Domain, cookie.Expires));
        Assert.Equal("\"ada\"", $"\"{await (await ada.GetAsync("/me")).Content.ReadAsStringAsync()}\"");
    }

    [Fact]
    [Requirement("SID-13", "SID-11")]
    public async Task Only_who_chose_to_stay_signed_in_gets_a_cookie_that_is_kept_and_no_longer_than_the_session()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync(remember: true);
        Assert.Equal(app.Clock.GetUtcNow().AddDays(30), ada.Cookies[Session].Expires);
        app.Clock.Advance(TimeSpan.FromDays(5));
        await ada.GetAsync("/me");
        Assert.Equal(app.Clock.GetUtcNow().AddDays(25), ada.Cookies[Session].Expires);
    }

    [Fact]
    [Requirement("SID-08")]
    public async Task Strict_is_a_setting_and_none_is_not()
    {
        await using var app = await TestApp.StartAsync(configureWeb: options => options.SameSite = CookieSameSite.Strict);
        using var ada = await app.SignedInAsync();
        Assert.Equal("strict", ada.Cookies[Session].SameSite);
        Assert.DoesNotContain("None", Enum.GetNames<CookieSameSite>());
    }

    [Fact]
    [Requirement("SID-14")]
    public async Task Two_cookies_of_one_name_are_nobodys()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.Add("Cookie", $"{Session}={ada.Cookies[Session].Value}; {Session}=hfs_planted");
        Assert.Equal(HttpStatusCode.Unauthorized, (await ada.SendAsync(request)).StatusCode);
        Assert.Contains(await app.EventsAsync(), one => one.Name == "credential.rejected");
    }

    [Fact]
    [Requirement("SID-04")]
    public async Task A_cookies_value_in_the_query_path_form_or_a_header_of_another_name_is_ignored()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var value = ada.Cookies[Session].Value;
        using var stranger = app.Browser();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync($"/me?{Session}={value}&access_token={value}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync($"/me;{Session}={value}")).StatusCode);
        var header = new HttpRequestMessage(HttpMethod.Get, "/me") { Headers = { { "X-Session", value }, { "Authorization", $"Bearer {value}" } } };
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.SendAsync(header)).StatusCode);
    }

    [Fact]
    [Requirement("SID-02", "SID-14")]
    public async Task A_visitor_has_a_cookie_of_another_name_which_goes_at_sign_in_and_their_data_stays()
    {
        await using var app = await TestApp.StartAsync();
        using var browser = app.Browser();
        await browser.PostAsync("/data/cart?value=apples");
        var anonymous = browser.Cookies["__Host-Http-holdfast-anon"];
        Assert.DoesNotContain(Session, browser.Cookies.Keys);
        await browser.PostAsync("/sign-in/ada");
        Assert.DoesNotContain("__Host-Http-holdfast-anon", browser.Cookies.Keys);
        Assert.Equal("apples", await (await browser.GetAsync("/data/cart")).Content.ReadAsStringAsync());

        using var thief = app.Browser();
        thief.Plant(anonymous);
        Assert.Equal("nothing", await (await thief.GetAsync("/data/cart")).Content.ReadAsStringAsync());
        thief.Plant(anonymous with { Name = Session });
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("SID-02")]
    public async Task A_planted_cookie_never_becomes_the_session_of_who_signs_in()
    {
        await using var app = await TestApp.StartAsync();
        using var attacker = await app.SignedInAsync("mallory");
        using var victim = app.Browser();
        victim.Plant(attacker.Cookies[Session]);
        await victim.PostAsync("/sign-in/ada");
        Assert.NotEqual(attacker.Cookies[Session].Value, victim.Cookies[Session].Value);
        Assert.Equal("ada", await (await victim.GetAsync("/me")).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, (await attacker.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("LO-01", "LO-07", "SID-12")]
    public async Task Signing_out_ends_the_session_deletes_the_cookies_and_a_copy_is_worthless()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var copy = ada.Cookies[Session];
        using var response = await ada.PostAsync("/auth/logout");
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("\"cache\", \"cookies\", \"storage\"", string.Join(", ", response.Headers.GetValues("Clear-Site-Data")));
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.DoesNotContain(Session, ada.Cookies.Keys);
        ada.Plant(copy);
        using var refused = await ada.GetAsync("/me");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("session_revoked", await Answer.ReasonAsync(refused));
    }

    [Fact]
    public async Task The_stock_way_to_sign_out_does_the_same()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var copy = ada.Cookies[Session];
        await ada.PostAsync("/sign-out");
        ada.Plant(copy);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ada.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("SID-11", "TO-04")]
    public async Task A_cookie_outlived_by_nothing_is_told_that_its_session_expired_and_is_not_deleted()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        app.Clock.Advance(TimeSpan.FromMinutes(31));
        using var refused = await ada.GetAsync("/me");
        Assert.Equal("session_expired", await Answer.ReasonAsync(refused));
        Assert.Contains(Session, ada.Cookies.Keys);
    }

    [Fact]
    [Requirement("TO-08", "RT-05")]
    public async Task A_renewal_travels_with_the_response_and_parallel_tabs_agree_on_it()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var before = ada.Cookies[Session];
        app.Clock.Advance(TimeSpan.FromMinutes(16));

        // Each sent before any answer arrived, as tabs do that were opened at once.
        var responses = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            ada.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/me") { Headers = { { "Cookie", $"{Session}={before.Value}" } } })));
        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Single(responses.SelectMany(response => response.Headers.GetValues("Set-Cookie")).Distinct());
        Assert.NotEqual(before.Value, ada.Cookies[Session].Value);
    }

    [Fact]
    [Requirement("SID-10")]
    public async Task A_cookie_that_browsers_would_drop_is_an_error_that_names_the_setting()
    {
        await using var app = await TestApp.StartAsync(
            options => options.AccessTokenClaims.Add("photo"),
            map: web => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapPost(web, "/large", (Microsoft.AspNetCore.Http.HttpContext http) =>
                Microsoft.AspNetCore.Http.HoldfastHttpContextExtensions.SignInWithTokenCookiesAsync(http, new System.Security.Claims.ClaimsPrincipal(
                    new System.Security.Claims.ClaimsIdentity([new("sub", "ada"), new("photo", new string('x', 3500))], "test")))));
        using var browser = app.Browser();
        Assert.Equal(HttpStatusCode.InternalServerError, (await browser.PostAsync("/large")).StatusCode);
        Assert.Contains(app.Log.Lines, line => line.Contains("AccessTokenClaims", StringComparison.Ordinal));
    }
}
