using System.Net;
using System.Security.Claims;
using System.Text;
using Holdfast.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Tests.Tickets;

/// <summary>The stock cookie handler, with its tickets as our sessions.</summary>
public sealed class TicketStoreTests
{
    private const string StockCookie = ".AspNetCore.Cookies";

    [Fact]
    public async Task An_application_of_the_stock_handler_works_unchanged_and_its_sessions_can_be_listed_and_ended()
    {
        await using var app = await StartAsync();
        using var phone = await SignedInAsync(app);
        using var laptop = await SignedInAsync(app);
        Assert.Equal("ada secret-of-the-provider", await (await phone.GetAsync("/stock/me")).Content.ReadAsStringAsync());
        var devices = (await Answer.JsonAsync(await laptop.GetAsync("/auth/sessions"))).GetProperty("sessions");
        Assert.Equal(2, devices.GetArrayLength());

        (await laptop.PostAsync("/auth/logout", new { scope = "others" })).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.GetAsync("/stock/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await laptop.GetAsync("/stock/me")).StatusCode);
    }

    [Fact]
    [Requirement("SID-02")]
    public async Task Every_sign_in_has_a_new_key_also_over_a_live_session()
    {
        await using var app = await StartAsync();
        using var mallory = await SignedInAsync(app, "mallory");
        using var victim = app.Browser();
        victim.Plant(mallory.Cookies[StockCookie]);
        (await victim.PostAsync("/stock/sign-in/ada")).EnsureSuccessStatusCode();
        Assert.StartsWith("ada", await (await victim.GetAsync("/stock/me")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await mallory.GetAsync("/stock/me")).StatusCode);
    }

    [Fact]
    [Requirement("LO-01")]
    public async Task A_copied_cookie_is_worthless_after_the_sign_out()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        using var thief = app.Browser();
        thief.Plant(ada.Cookies[StockCookie]);
        Assert.Equal(HttpStatusCode.OK, (await thief.GetAsync("/stock/me")).StatusCode);
        (await ada.PostAsync("/stock/sign-out")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.GetAsync("/stock/me")).StatusCode);
    }

    [Fact]
    public async Task A_renewal_under_way_never_brings_an_ended_session_back()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        using var other = app.Browser();
        other.Plant(ada.Cookies[StockCookie]);
        app.Clock.Advance(TimeSpan.FromMinutes(20));
        var gate = app.Service<Gate>();
        var slow = other.GetAsync("/stock/slow");
        await gate.Entered;
        (await ada.PostAsync("/stock/sign-out")).EnsureSuccessStatusCode();
        gate.Open();
        (await slow).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync("/stock/me")).StatusCode);
        Assert.Empty(await app.Sessions.ListAsync("default", "ada", CancellationToken.None));
    }

    [Fact]
    public async Task The_sliding_expiry_of_the_handler_goes_on_and_ours_bounds_it()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        for (var use = 0; use < 35; use++)
        {
            app.Clock.Advance(TimeSpan.FromMinutes(20));
            Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/stock/me")).StatusCode);
            await app.Service<TouchBuffer>().FlushAsync(CancellationToken.None);
        }

        app.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(HttpStatusCode.Unauthorized, (await ada.GetAsync("/stock/me")).StatusCode);
    }

    [Fact]
    public async Task The_store_holds_nothing_that_opens_a_ticket()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        var session = Assert.Single(await app.Sessions.ListAsync("default", "ada", CancellationToken.None));
        var data = await app.Store.ReadDataAsync(session.Handle, CancellationToken.None);
        var kept = Assert.Single(data!.Fields);
        Assert.DoesNotContain("secret-of-the-provider", Encoding.UTF8.GetString(kept.Value.Value.Span), StringComparison.Ordinal);
        Assert.Empty(session.Claims);
        Assert.Empty((await app.Sessions.ReadDataAsync(session.Handle, CancellationToken.None))!.Fields);
    }

    [Fact]
    [Requirement("ER-01")]
    public async Task A_silent_store_is_503_and_not_a_sign_out()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        app.Store.Silent = true;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ada.GetAsync("/stock/me")).StatusCode);
        app.Store.Silent = false;
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/stock/me")).StatusCode);
    }

    [Fact]
    [Requirement("CSRF-06")]
    public async Task Forms_are_bound_to_the_session()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app);
        using var bob = await SignedInAsync(app, "bob");
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.PostFormAsync("/form", ("name", "x"), ("csrf_token", await bob.CsrfTokenAsync()))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ada.PostFormAsync("/form", ("name", "x"), ("csrf_token", await ada.CsrfTokenAsync()))).StatusCode);
    }

    [Fact]
    public async Task Without_the_stock_scheme_the_start_fails_and_says_what_is_missing()
    {
        var refused = await Assert.ThrowsAsync<HoldfastConfigurationException>(() => TestApp.StartAsync(
            build: builder => builder.Services.AddHoldfast().UseForCookies("Absent")));
        Assert.Contains("AddCookie(\"Absent\")", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<BrowserClient> SignedInAsync(TestApp app, string user = "ada")
    {
        var browser = app.Browser();
        (await browser.PostAsync($"/stock/sign-in/{user}")).EnsureSuccessStatusCode();
        return browser;
    }

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(
        build: builder =>
        {
            builder.Services.AddSingleton<Gate>();
            builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
            {
                options.ExpireTimeSpan = TimeSpan.FromMinutes(30);
                options.Events.OnRedirectToLogin = context =>
                {
                    context.Response.StatusCode = 401;
                    return Task.CompletedTask;
                };
            });
            builder.Services.AddHoldfast().UseForCookies();
        },
        map: app =>
        {
            app.MapPost("/stock/sign-in/{user}", (HttpContext http, string user) =>
            {
                var properties = new AuthenticationProperties();
                properties.StoreTokens([new AuthenticationToken { Name = "access_token", Value = "secret-of-the-provider" }]);
                return http.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "password")), properties);
            });
            app.MapPost("/stock/sign-out", (HttpContext http) => http.SignOutAsync());
            app.MapGet("/stock/me", async (HttpContext http, ClaimsPrincipal me) =>
                $"{me.FindFirstValue(ClaimTypes.NameIdentifier)} {await http.GetTokenAsync("access_token")}").RequireAuthorization();
            app.MapGet("/stock/slow", async (Gate gate) =>
            {
                await gate.PassAsync();
                return "slow";
            }).RequireAuthorization();
        });
}
