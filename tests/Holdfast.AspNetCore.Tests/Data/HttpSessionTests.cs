using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Tests.Data;

/// <summary><c>HttpContext.Session</c>, as applications have always used it.</summary>
public sealed class HttpSessionTests
{
    [Fact]
    public async Task A_visitors_values_last_and_make_a_session_only_when_there_are_any()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        Assert.Equal("nothing", await TextAsync(browser, "/get/a"));
        Assert.Empty(browser.Cookies);
        await browser.PostAsync("/set/a/1");
        Assert.Equal("1", await TextAsync(browser, "/get/a"));
        Assert.Contains("__Host-Http-holdfast-anon", browser.Cookies.Keys);
    }

    [Fact]
    public async Task Two_requests_that_overlap_and_write_different_keys_lose_nothing()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        var gate = app.Service<Gate>();
        var slow = browser.PostAsync("/slow/a/1");
        await gate.Entered;
        await browser.PostAsync("/set/b/2");
        gate.Open();
        (await slow).EnsureSuccessStatusCode();
        Assert.Equal("1", await TextAsync(browser, "/get/a"));
        Assert.Equal("2", await TextAsync(browser, "/get/b"));
    }

    [Fact]
    [Requirement("ER-01")]
    public async Task A_session_that_cannot_be_read_or_written_fails_the_request_and_is_never_empty()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        await browser.PostAsync("/set/a/1");
        var token = await browser.CsrfTokenAsync();
        app.Store.Silent = true;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await browser.GetAsync("/get/a")).StatusCode);
        app.Store.Silent = false;
        using var write = new HttpRequestMessage(HttpMethod.Post, "/set-then-silence/a/2");
        write.Headers.Add("X-CSRF-Token", token);
        Assert.True((int)(await browser.SendAsync(write)).StatusCode >= 500);
        app.Store.Silent = false;
        Assert.Equal("1", await TextAsync(browser, "/get/a"));
    }

    [Fact]
    public async Task What_a_visitor_put_in_is_there_after_the_sign_in_and_gone_after_the_sign_out()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        await browser.PostAsync("/set/cart/book");
        await browser.PostAsync("/sign-in/ada");
        Assert.Equal("book", await TextAsync(browser, "/get/cart"));
        await browser.PostAsync("/sign-out");
        Assert.Equal("nothing", await TextAsync(browser, "/get/cart"));
    }

    [Fact]
    public async Task Keys_removal_and_clearing_work_within_a_request_and_after_it()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        await browser.PostAsync("/set/a/1");
        await browser.PostAsync("/set/b/2");
        Assert.Equal("b,c", await (await browser.PostAsync("/remove-a-set-c")).Content.ReadAsStringAsync());
        Assert.Equal("b,c", await TextAsync(browser, "/keys"));
        await browser.PostAsync("/clear");
        Assert.Equal("", await TextAsync(browser, "/keys"));
    }

    [Fact]
    public async Task A_value_beyond_the_limit_is_refused_and_nothing_of_the_request_is_kept()
    {
        await using var app = await StartAsync();
        using var browser = app.Browser();
        await browser.PostAsync("/set/a/1");
        using var refused = await browser.PostAsync("/big");
        Assert.Equal("data_too_large", await Answer.ReasonAsync(refused));
        Assert.Equal("1", await TextAsync(browser, "/get/a"));
    }

    [Fact]
    public async Task An_application_that_calls_UseSession_keeps_its_call()
    {
        await using var app = await StartAsync(stockCalls: true);
        using var browser = app.Browser();
        await browser.PostAsync("/set/a/1");
        Assert.Equal("1", await TextAsync(browser, "/get/a"));
        Assert.DoesNotContain(".AspNetCore.Session", browser.Cookies.Keys);
    }

    private static async Task<string> TextAsync(BrowserClient browser, string path) => await (await browser.GetAsync(path)).EnsureSuccessStatusCode().Content.ReadAsStringAsync();

    private static Task<TestApp> StartAsync(bool stockCalls = false) => TestApp.StartAsync(
        build: builder =>
        {
            if (stockCalls)
            {
                builder.Services.AddDistributedMemoryCache().AddSession();
            }

            builder.Services.AddSingleton<Gate>();
            builder.Services.AddHoldfast().UseForHttpSession();
        },
        after: app =>
        {
            if (stockCalls)
            {
                app.UseSession();
            }
        },
        map: app =>
        {
            app.MapGet("/get/{key}", (HttpContext http, string key) => http.Session.GetString(key) ?? "nothing");
            app.MapGet("/keys", (HttpContext http) => string.Join(',', http.Session.Keys.Order()));
            app.MapPost("/set/{key}/{value}", (HttpContext http, string key, string value) => http.Session.SetString(key, value));
            app.MapPost("/slow/{key}/{value}", async (HttpContext http, string key, string value, Gate gate) =>
            {
                http.Session.SetString(key, value);
                await gate.PassAsync();
            });
            app.MapPost("/set-then-silence/{key}/{value}", (HttpContext http, string key, string value, Holdfast.ISessionStore store) =>
            {
                http.Session.SetString(key, value);
                ((ObservedStore)store).Silent = true;
            });
            app.MapPost("/remove-a-set-c", (HttpContext http) =>
            {
                http.Session.Remove("a");
                http.Session.SetString("c", "3");
                return string.Join(',', http.Session.Keys.Order());
            });
            app.MapPost("/clear", (HttpContext http) => http.Session.Clear());
            app.MapPost("/big", (HttpContext http) => http.Session.Set("a", new byte[70_000]));
        });
}
