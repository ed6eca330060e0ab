using System.Net;
using Holdfast.AspNetCore.Csrf;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Tests.Csrf;

/// <summary>Requests that another site makes, with our user's cookies.</summary>
public sealed class CsrfTests
{
    [Theory]
    [InlineData("same-origin", null, 0)]
    [InlineData("none", null, 0)]
    [InlineData("same-origin", "https://attacker.test", 0)]
    [InlineData(null, "https://app.test", 0)]
    [InlineData(null, "http://app.test", 3)]
    [InlineData(null, "https://app.test:444", 3)]
    [InlineData(null, "https://app.test.attacker.test", 3)]
    [InlineData(null, null, 2)]
    [InlineData("same-site", "https://sister.app.test", 3)]
    [InlineData("cross-site", "https://attacker.test", 3)]
    [InlineData("cross-site", null, 3)]
    [InlineData("made-up", null, 3)]
    [InlineData("", null, 3)]
    [InlineData("cross-site", "https://friend.test", 1)]
    [InlineData("same-site", "https://friend.test", 1)]
    [InlineData(null, "https://friend.test", 1)]
    [InlineData("cross-site", "null", 3)]
    [InlineData(null, "null", 3)]
    [Requirement("CSRF-02", "CSRF-04", "CSRF-05")]
    public void Where_a_request_came_from_is_judged_by_fetch_metadata_then_origin(string? fetchSite, string? origin, int provenance) => Assert.Equal(
        (Provenance)provenance, CrossOriginGuard.Judge(fetchSite, origin, new HostString("app.test", 443), ["https://friend.test"]));

    [Theory]
    [InlineData("https://friend.test", true)]
    [InlineData("https://friend.test:8443", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("http://friend.test", false)]
    [InlineData("friend.test", false)]
    [InlineData("https://*.friend.test", false)]
    [InlineData("https://friend.test/", false)]
    [InlineData("https://friend.test/path", false)]
    [InlineData("https://user@friend.test", false)]
    [InlineData("*", false)]
    [InlineData("null", false)]
    [Requirement("CSRF-05")]
    public void A_trusted_origin_is_exact_or_a_configuration_error(string origin, bool exact)
    {
        var options = new HoldfastWebOptions();
        options.TrustedOrigins.Add(origin);
        Assert.Equal(!exact, options.Validate().Any(rule => rule.Contains($"'{origin}'", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("same-site", "http://localhost:9")]
    [InlineData("cross-site", "https://attacker.test")]
    [InlineData("cross-site", "null")]
    [InlineData(null, "https://attacker.test")]
    [Requirement("CSRF-01", "CSRF-02", "CSRF-10", "LO-07")]
    public async Task A_foreign_page_changes_nothing_not_even_with_a_stolen_token(string? fetchSite, string origin)
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var token = await ada.CsrfTokenAsync();
        (ada.FetchSite, ada.Origin) = (fetchSite, origin);
        foreach (var path in new[] { "/me", "/auth/logout", "/auth/refresh", "/sign-in/mallory" })
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Headers = { { "X-CSRF-Token", token } } };
            using var refused = await ada.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
            Assert.Equal("csrf_failed", await Answer.ReasonAsync(refused));
            Assert.Equal("TrustedOrigins", await Answer.TextAsync(refused, "setting"));
            Assert.Equal(["Sec-Fetch-Site", "Origin"], refused.Headers.Vary);
        }

        (ada.FetchSite, ada.Origin) = ("same-origin", "");
        Assert.Equal("ada", await (await ada.GetAsync("/me")).Content.ReadAsStringAsync());
        Assert.Equal(4, (await app.EventsAsync()).Count(one => one.Name == "csrf.refused"));
    }

    [Fact]
    [Requirement("CSRF-06", "CSRF-07")]
    public async Task A_token_counts_in_a_header_or_form_field_and_nowhere_else()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var token = await ada.CsrfTokenAsync();
        async Task<HttpStatusCode> Post(string path, Action<HttpRequestMessage>? change = null, params (string, string)[] fields)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = fields.Length == 0 ? null : new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Item1, field.Item2))),
            };
            change?.Invoke(request);
            return (await ada.SendAsync(request)).StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await Post("/me", request => request.Headers.Add("X-CSRF-Token", token)));
        Assert.Equal(HttpStatusCode.OK, await Post("/me", null, ("csrf_token", token)));
        Assert.Equal(HttpStatusCode.Forbidden, await Post("/me"));
        Assert.Equal(HttpStatusCode.Forbidden, await Post($"/me?csrf_token={token}"));
        Assert.Equal(HttpStatusCode.Forbidden, await Post("/me", null, ("csrf_token", token), ("csrf_token", token)));
        Assert.Equal(HttpStatusCode.Forbidden, await Post("/me", request => request.Headers.Add("X-CSRF-Token", token[..^1])));
        ada.Plant(new BrowserCookie("csrf_token", token, "/", true, false, null, null, null));
        Assert.Equal(HttpStatusCode.Forbidden, await Post("/me"));
    }

    [Fact]
    [Requirement("CSRF-06")]
    public async Task A_token_is_one_sessions_and_survives_the_renewal_of_its_secret()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        using var grace = await app.SignedInAsync("grace");
        var adas = await ada.CsrfTokenAsync();
        Assert.Equal(HttpStatusCode.Forbidden, await WithTokenAsync(grace, adas));
        app.Clock.Advance(TimeSpan.FromMinutes(20));
        await ada.GetAsync("/me");
        Assert.Equal(HttpStatusCode.OK, await WithTokenAsync(ada, adas));
        await ada.PostAsync("/sign-in/ada");
        Assert.Equal(HttpStatusCode.Forbidden, await WithTokenAsync(ada, adas));
    }

    [Fact]
    [Requirement("CSRF-06")]
    public void Tokens_differ_each_time_and_die_with_handle_version_and_environment()
    {
        var secret = Convert.ToBase64String(Secret.New().Reveal());
        var (keys, staging) = (new MasterKeys(secret, "test", "https://holdfast.test"), new MasterKeys(secret, "staging", "https://holdfast.test"));
        var rotated = new MasterKeys($"{Convert.ToBase64String(Secret.New().Reveal())},{secret}", "test", "https://holdfast.test");
        var handle = SessionHandle.New(0);
        var binding = CsrfTokens.BindingOf(handle, 1);
        var token = CsrfTokens.Issue(keys, binding);
        Assert.NotEqual(token, CsrfTokens.Issue(keys, binding));
        Assert.True(CsrfTokens.IsValid(keys, binding, token));
        Assert.True(CsrfTokens.IsValid(rotated, binding, token));
        Assert.False(CsrfTokens.IsValid(keys, CsrfTokens.BindingOf(handle, 2), token));
        Assert.False(CsrfTokens.IsValid(keys, CsrfTokens.BindingOf(SessionHandle.New(0), 1), token));
        Assert.False(CsrfTokens.IsValid(staging, binding, token));
        Assert.All(Enumerable.Range(0, token.Length), position =>
            Assert.False(CsrfTokens.IsValid(keys, binding, token.Remove(position, 1).Insert(position, token[position] == 'A' ? "B" : "A"))));
    }

    [Fact]
    [Requirement("CSRF-01", "CSRF-09")]
    public async Task A_sign_in_form_is_protected_and_looking_at_it_writes_nothing()
    {
        await using var app = await TestApp.StartAsync();
        using var browser = app.Browser();
        var before = app.Store.Writes;
        var token = await browser.CsrfTokenAsync();
        Assert.Equal(before, app.Store.Writes);
        Assert.Contains("__Host-Http-holdfast-pre", browser.Cookies.Keys);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostFormAsync("/sign-in/mallory")).StatusCode);
        using var other = app.Browser();
        await other.CsrfTokenAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await other.PostFormAsync("/sign-in/mallory", ("csrf_token", token))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostFormAsync("/sign-in/ada", ("csrf_token", token))).StatusCode);
    }

    [Fact]
    [Requirement("CSRF-01")]
    public async Task Forms_that_the_framework_binds_are_validated_by_us()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.PostFormAsync("/form", ("name", "ada"))).StatusCode);
        using var taken = await ada.PostFormAsync("/form", ("name", "ada"), ("csrf_token", await ada.CsrfTokenAsync()));
        Assert.Equal("form of ada", await taken.Content.ReadAsStringAsync());
    }

    [Fact]
    [Requirement("CSRF-03")]
    public async Task Without_either_header_a_cookie_needs_the_token_and_in_strict_mode_is_refused()
    {
        await using var app = await TestApp.StartAsync();
        await using var strict = await TestApp.StartAsync(configureWeb: options => options.RequireFetchMetadata = true);
        using var ada = await app.SignedInAsync();
        using var grace = await strict.SignedInAsync("grace");
        foreach (var browser in new[] { ada, grace })
        {
            (browser.FetchSite, browser.Origin) = (null, null);
        }

        Assert.Equal(HttpStatusCode.OK, (await ada.PostAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.PostFormAsync("/me")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await grace.PostAsync("/me")).StatusCode);
        using var program = new HttpClient { BaseAddress = app.Address };
        Assert.Equal(HttpStatusCode.OK, (await program.PostAsync("/sign-in/ada", null)).StatusCode);
    }

    [Fact]
    [Requirement("CSRF-01")]
    public async Task Opting_out_is_per_route_and_listed_at_the_start()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        (ada.FetchSite, ada.Origin) = ("cross-site", "https://partner.test");
        Assert.Equal(HttpStatusCode.OK, (await ada.PostFormAsync("/webhook")).StatusCode);
        Assert.Contains(app.Log.Lines, line => line.StartsWith("Warning 1040", StringComparison.Ordinal) && line.Contains("/webhook", StringComparison.Ordinal));
    }

    [Fact]
    [Requirement("CSRF-11")]
    public async Task Report_only_records_what_it_would_refuse()
    {
        await using var app = await TestApp.StartAsync(configureWeb: options => options.CsrfReportOnly = true);
        using var ada = await app.SignedInAsync();
        (ada.FetchSite, ada.Origin) = ("cross-site", "https://attacker.test");
        Assert.Equal(HttpStatusCode.OK, (await ada.PostFormAsync("/me")).StatusCode);
        Assert.Contains(await app.EventsAsync(), one => one is { Name: "csrf.refused", Reason: "report_only_cross_site" });
    }

    [Fact]
    [Requirement("CSRF-04", "CSRF-10")]
    public async Task A_trusted_origin_passes_with_a_token_and_is_given_no_CORS_by_us()
    {
        await using var app = await TestApp.StartAsync(configureWeb: options => options.TrustedOrigins.Add("https://friend.test"));
        using var ada = await app.SignedInAsync();
        (ada.FetchSite, ada.Origin) = ("same-site", "https://friend.test");
        using var response = await ada.PostAsync("/me");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.PostFormAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("CSRF-08")]
    public async Task Our_endpoints_take_JSON_or_the_forms_that_are_named_and_answer_415_to_the_rest()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        foreach (var type in new[] { "text/plain", "multipart/form-data", "application/xml" })
        {
            foreach (var path in new[] { "/auth/logout", "/auth/refresh" })
            {
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent("{}"u8.ToArray()) };
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type == "multipart/form-data" ? "multipart/form-data; boundary=x" : type);
                request.Headers.Add("X-CSRF-Token", await ada.CsrfTokenAsync());
                Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await ada.SendAsync(request)).StatusCode);
            }
        }
    }

    [Fact]
    [Requirement("CSRF-09")]
    public async Task Reading_writes_nothing()
    {
        await using var app = await TestApp.StartAsync();
        using var ada = await app.SignedInAsync();
        var before = app.Store.Writes;
        foreach (var path in new[] { "/me", "/public", "/auth/session", "/auth/sessions", "/auth/csrf", "/.well-known/jwks.json", "/data/cart", "/auth/logout", "/sign-out" })
        {
            await ada.GetAsync(path);
            await ada.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
            await ada.SendAsync(new HttpRequestMessage(HttpMethod.Options, path));
        }

        Assert.Equal(before, app.Store.Writes);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/me")).StatusCode);
    }

    private static async Task<HttpStatusCode> WithTokenAsync(BrowserClient browser, string token) =>
        (await browser.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/me") { Headers = { { "X-CSRF-Token", token } } })).StatusCode;
}
