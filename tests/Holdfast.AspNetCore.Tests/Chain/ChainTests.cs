using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Tests.Chain;

/// <summary>What every request meets on its way in and out.</summary>
public sealed class ChainTests
{
    private const string Public = "192.0.2.7";

    [Fact]
    [Requirement("HP-13")]
    public async Task Every_answer_has_its_security_headers_and_the_applications_own_are_kept()
    {
        await using var app = await TestApp.StartAsync(map: web => web.MapGet("/own", (HttpContext http) =>
        {
            http.Response.Headers.ContentSecurityPolicy = "default-src 'self' cdn.test";
            return Results.Content("<p>own</p>", "text/html");
        }));
        using var browser = app.Browser();
        using var api = await browser.GetAsync("/auth/session");
        using var page = await browser.GetAsync("/page");
        using var own = await browser.GetAsync("/own");
        Assert.Equal("default-src 'none'; frame-ancestors 'none'; base-uri 'none'", Header(api, "Content-Security-Policy"));
        Assert.Equal(("no-referrer", "nosniff"), (Header(api, "Referrer-Policy"), Header(api, "X-Content-Type-Options")));
        Assert.Equal("default-src 'self'; frame-ancestors 'none'; base-uri 'self'", Header(page, "Content-Security-Policy"));
        Assert.Equal("same-origin", Header(page, "Referrer-Policy"));
        Assert.Equal("default-src 'self' cdn.test", Header(own, "Content-Security-Policy"));
    }

    [Fact]
    [Requirement("LO-07")]
    public async Task A_page_made_for_a_signed_in_user_is_kept_in_no_cache()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        using var visitor = app.Browser();
        Assert.True((await ada.GetAsync("/page")).Headers.CacheControl!.NoStore);
        Assert.Null((await visitor.GetAsync("/page")).Headers.CacheControl);
    }

    [Fact]
    [Requirement("HP-01")]
    public async Task Credentials_over_plain_HTTP_from_elsewhere_are_refused_and_the_remedy_is_named()
    {
        await using var app = await TestApp.StartAsync(before: web => web.Use(FromElsewhere));
        using var browser = app.Browser();
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/public")).StatusCode);
        using var signIn = await browser.PostFormAsync("/sign-in/ada");
        Assert.Equal(HttpStatusCode.BadRequest, signIn.StatusCode);
        Assert.Equal("https_required", await Answer.ReasonAsync(signIn));
        Assert.Contains("UseForwardedHeaders", await Answer.TextAsync(signIn, "detail"), StringComparison.Ordinal);
        var withCookie = new HttpRequestMessage(HttpMethod.Get, "/public") { Headers = { { "Cookie", "__Host-Http-holdfast=x" } } };
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.SendAsync(withCookie)).StatusCode);
        Assert.Contains(app.Log.Lines, line => line.Contains("https_required", StringComparison.Ordinal) && line.Contains("AllowInsecureHttp", StringComparison.Ordinal));
    }

    [Fact]
    [Requirement("HP-01")]
    public async Task Over_TLS_they_are_taken_and_the_browser_is_told_to_stay_there()
    {
        await using var app = await TestApp.StartAsync(before: web => web.Use((context, next) =>
        {
            context.Request.Scheme = "https";
            return FromElsewhere(context, next);
        }));
        using var browser = app.Browser();
        using var response = await browser.GetAsync("/auth/csrf");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("max-age=63072000; includeSubDomains", Header(response, "Strict-Transport-Security"));
    }

    [Fact]
    [Requirement("CR-08")]
    public async Task While_the_store_is_silent_the_answer_is_503_and_no_cookie_is_touched()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        app.Store.Silent = true;
        foreach (var path in new[] { "/me", "/public", "/auth/session" })
        {
            using var response = await ada.GetAsync(path);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal("store_unavailable", await Answer.ReasonAsync(response));
            Assert.Equal("1", Header(response, "Retry-After"));
            Assert.False(response.Headers.Contains("Set-Cookie"));
        }

        using var visitor = app.Browser();
        Assert.Equal(HttpStatusCode.OK, (await visitor.GetAsync("/public")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await visitor.PostAsync("/sign-in/ada")).StatusCode);
        app.Store.Silent = false;
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("HP-12")]
    public async Task One_address_and_one_session_have_a_limit_each()
    {
        await using var byAddress = await TestApp.StartAsync(configureWeb: options => options.RequestsPerMinutePerAddress = 50);
        await using var bySession = await TestApp.StartAsync(configureWeb: options => options.RequestsPerMinutePerSession = 50);
        using var anybody = byAddress.Browser();
        using var ada = await bySession.SignedInAsync();
        using var visitor = bySession.Browser();
        Assert.Contains(await StatusesAsync(anybody, 20), status => status == HttpStatusCode.TooManyRequests);
        Assert.Contains(await StatusesAsync(ada, 20), status => status == HttpStatusCode.TooManyRequests);
        Assert.DoesNotContain(await StatusesAsync(visitor, 20), status => status == HttpStatusCode.TooManyRequests);
    }

    [Fact]
    [Requirement("TO-06", "CR-10")]
    public async Task A_request_for_the_user_keeps_the_session_and_neither_polling_nor_a_refused_one_does()
    {
        await using var app = await TestApp.StartAsync();
        using var used = await app.SignedInAsync();
        using var polled = await app.SignedInAsync("grace");
        using var refused = await app.SignedInAsync("joan");
        for (var minute = 0; minute < 45; minute += 5)
        {
            app.Clock.Advance(TimeSpan.FromMinutes(5));
            await used.GetAsync("/public");
            await polled.GetAsync("/auth/session");
            await refused.GetAsync("/admin");
            await app.Service<TouchBuffer>().FlushAsync(CancellationToken.None);
        }

        Assert.Equal(HttpStatusCode.OK, (await used.GetAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await polled.GetAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await refused.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("ER-01", "ER-03")]
    public async Task Refusals_are_problem_details_with_the_right_challenge()
    {
        await using var app = await TestApp.StartAsync();
        using var browser = app.Browser();
        using var none = await browser.GetAsync("/me");
        Assert.Equal("Bearer", none.Headers.WwwAuthenticate.ToString());
        Assert.Equal("urn:holdfast:reason:session_missing", await Answer.TextAsync(none, "type"));
        Assert.Equal(401, (await Answer.JsonAsync(none)).GetProperty("status").GetInt32());
        using var ada = await app.SignedInAsync();
        using var forbidden = await ada.GetAsync("/admin");
        Assert.Equal((HttpStatusCode.Forbidden, "insufficient_scope"), (forbidden.StatusCode, await Answer.ReasonAsync(forbidden)));
    }

    [Fact]
    [Requirement("ER-04", "SID-06")]
    public async Task Unknown_malformed_and_foreign_credentials_are_one_answer()
    {
        await using var app = await TestApp.StartAsync();
        await using var other = await TestApp.StartAsync();
        using var foreign = await other.SignedInAsync();
        using var browser = app.Browser();
        var genuine = foreign.Cookies["__Host-Http-holdfast"].Value;
        var answers = new List<string>();
        foreach (var value in new[] { genuine, genuine[..^1], genuine + genuine, new string('a', 5000), "hfs_", "\"quoted\"" })
        {
            using var response = await browser.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/me") { Headers = { { "Cookie", $"__Host-Http-holdfast={value}" } } });
            answers.Add($"{response.StatusCode} {response.Headers.WwwAuthenticate} {response.Headers.CacheControl} {await response.Content.ReadAsStringAsync()}");
        }

        Assert.Single(answers.Distinct());
    }

    [Fact]
    [Requirement("ER-05")]
    public async Task An_unforeseen_error_in_our_endpoints_is_a_plain_500_with_one_log_line()
    {
        await using var app = await TestApp.StartAsync(build: builder => builder.Services.AddSingleton<Microsoft.AspNetCore.Antiforgery.IAntiforgery, ThrowingAntiforgery>());
        using var browser = app.Browser();
        using var response = await browser.GetAsync("/auth/csrf");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("planted detail", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(app.Log.Lines, line => line.StartsWith("Error 1031", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/public")).StatusCode);
    }

    [Fact]
    [Requirement("AU-03")]
    public async Task No_credential_that_travelled_stands_in_any_log_line()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var planted = new List<string> { ada.Cookies["__Host-Http-holdfast"].Value, await ada.CsrfTokenAsync() };
        await ada.PostAsync("/token-cookies/ada");
        planted.AddRange(ada.Cookies.Values.Select(cookie => cookie.Value));
        await ada.PostAsync("/auth/refresh");
        await ada.PostFormAsync("/me", ("csrf_token", planted[1][..^3]));
        await ada.PostAsync("/auth/logout");
        var output = string.Join('\n', app.Log.Lines) + string.Join('\n', await app.EventsAsync());
        Assert.NotEmpty(output);
        Assert.All(planted.Where(value => value.Length > 20), value => Assert.DoesNotContain(value[^24..], output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Data_that_is_too_large_is_413_and_names_the_setting()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        using var refused = await ada.PostAsync("/data-of-size/66560");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "data_too_large"), (refused.StatusCode, await Answer.ReasonAsync(refused)));
        Assert.Equal("MaxDataBytes", await Answer.TextAsync(refused, "setting"));
        Assert.Equal("nothing", await (await ada.GetAsync("/data/big")).Content.ReadAsStringAsync());
    }

    [Fact]
    [Requirement("CS-01")]
    public async Task A_sign_in_beyond_the_limit_is_409_and_names_the_setting()
    {
        await using var app = await TestApp.StartAsync(options => options.MaxSessionsPerSubject = 1);
        using var first = await app.SignedInAsync();
        using var second = app.Browser();
        using var refused = await second.PostAsync("/sign-in/ada");
        Assert.Equal((HttpStatusCode.Conflict, "MaxSessionsPerSubject"), (refused.StatusCode, await Answer.TextAsync(refused, "setting")));
    }

    [Fact]
    public async Task A_bad_setting_or_a_missing_store_stops_the_start_and_is_named()
    {
        var idle = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => TestApp.StartAsync(options => options.IdleTimeout = TimeSpan.FromHours(13)));
        Assert.Contains("IdleTimeout is 13:00:00, above AbsoluteTimeout", idle.Message, StringComparison.Ordinal);
        var origin = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => TestApp.StartAsync(configureWeb: options => options.TrustedOrigins.Add("*")));
        Assert.Contains("TrustedOrigins", origin.Message, StringComparison.Ordinal);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddHoldfast();
        await using var app = builder.Build();
        Assert.Contains("UseSqlite", (await Assert.ThrowsAsync<HoldfastConfigurationException>(() => app.StartAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("CR-03")]
    public async Task A_shared_store_without_a_secret_or_that_is_unreachable_stops_the_start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddHoldfast().UseStore(_ => new MemorySessionStore(TimeProvider.System));
        await using var app = builder.Build();
        Assert.Contains("MasterSecret is missing", (await Assert.ThrowsAsync<HoldfastConfigurationException>(() => app.StartAsync())).Message, StringComparison.Ordinal);

        var unreachable = WebApplication.CreateSlimBuilder();
        unreachable.Services.AddHoldfast(options => options.MasterSecret = Convert.ToBase64String(Holdfast.Tokens.Secret.New().Reveal())).UseRedis("127.0.0.1:1,connectTimeout=300,connectRetry=0,abortConnect=true");
        await using var other = unreachable.Build();
        Assert.Contains("127.0.0.1:1", (await Assert.ThrowsAsync<StoreUnavailableException>(() => other.StartAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_health_check_follows_the_store()
    {
        await using var app = await TestApp.StartAsync(build: builder => builder.Services.AddHealthChecks().AddHoldfast(), map: web => web.MapHealthChecks("/healthz"));
        using var client = new HttpClient { BaseAddress = app.Address };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz")).StatusCode);
        app.Store.Silent = true;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/healthz")).StatusCode);
    }

    private static Task FromElsewhere(HttpContext context, RequestDelegate next)
    {
        context.Connection.RemoteIpAddress = IPAddress.Parse(Public);
        return next(context);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    private static async Task<HttpStatusCode[]> StatusesAsync(BrowserClient browser, int requests)
    {
        var statuses = new List<HttpStatusCode>();
        for (var index = 0; index < requests; index++)
        {
            statuses.Add((await browser.GetAsync("/public")).StatusCode);
        }

        return [.. statuses];
    }

    private sealed class ThrowingAntiforgery : Microsoft.AspNetCore.Antiforgery.IAntiforgery
    {
        public Microsoft.AspNetCore.Antiforgery.AntiforgeryTokenSet GetAndStoreTokens(HttpContext httpContext) => throw new InvalidOperationException("planted detail");

        public Microsoft.AspNetCore.Antiforgery.AntiforgeryTokenSet GetTokens(HttpContext httpContext) => throw new InvalidOperationException("planted detail");

        public Task<bool> IsRequestValidAsync(HttpContext httpContext) => Task.FromResult(true);

        public void SetCookieTokenAndHeader(HttpContext httpContext) => throw new InvalidOperationException("planted detail");

        public Task ValidateRequestAsync(HttpContext httpContext) => Task.CompletedTask;
    }

    [Theory]
    [InlineData("end_least_recent", Holdfast.Limits.WhenLimitReached.EndLeastRecent)]
    [InlineData("EndOldest", Holdfast.Limits.WhenLimitReached.EndOldest)]
    public async Task A_choice_is_read_as_settings_are_written_and_as_code_is(string written, Holdfast.Limits.WhenLimitReached expected)
    {
        await using var app = await TestApp.StartAsync(build: builder => builder.Configuration["Holdfast:WhenLimitReached"] = written);
        Assert.Equal(expected, app.Service<HoldfastOptions>().WhenLimitReached);
    }

    [Theory]
    [InlineData("2")]
    [InlineData("end_newest")]
    public async Task A_choice_that_is_none_stops_the_start_and_names_the_setting(string written)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            TestApp.StartAsync(build: builder => builder.Configuration["Holdfast:WhenLimitReached"] = written));
        Assert.Contains("Holdfast:WhenLimitReached", refused.Message, StringComparison.Ordinal);
    }
}
