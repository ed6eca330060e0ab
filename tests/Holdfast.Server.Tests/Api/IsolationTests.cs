using System.Text.Json;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Tests.Api;

/// <summary>Who may call, and whose sessions they reach. Every address of the API stands in the lists.</summary>
public sealed class IsolationTests
{
    private const string Sid = "{sid}";

    public static TheoryData<string, string, string?> Endpoints => new()
    {
        { "GET", "/v1/application", null },
        { "POST", "/v1/sessions", """{ "subject": "ada" }""" },
        { "POST", "/v1/verify", """{ "cookie": "{cookie}" }""" },
        { "POST", "/v1/refresh", """{ "refresh_token": "{cookie}", "from": "body" }""" },
        { "GET", "/v1/sessions", null },
        { "GET", "/v1/sessions/{sid}", null },
        { "DELETE", "/v1/sessions/{sid}", null },
        { "POST", "/v1/sessions/{sid}/elevate", """{ "acr": "aal2" }""" },
        { "GET", "/v1/sessions/{sid}/data", null },
        { "PATCH", "/v1/sessions/{sid}/data", """{ "theme": "dark" }""" },
        { "GET", "/v1/subjects/ada/sessions", null },
        { "DELETE", "/v1/subjects/ada/sessions", null },
        { "GET", "/v1/feed", null },
        { "POST", "/v1/activity", """{ "seen": [{ "sid": "{sid}" }] }""" },
        { "POST", "/v1/events", """{ "type": "sign_in.failed", "reason": "wrong_password" }""" },
    };

    /// <summary>Those that ask for more than a key.</summary>
    public static TheoryData<string, string, string?> ScopedEndpoints =>
        [.. Endpoints.Where(row => row.Data.Item2 != "/v1/application")];

    [Theory]
    [MemberData(nameof(Endpoints))]
    [Requirement("HP-11")]
    public async Task Without_a_key_of_this_server_no_endpoint_does_anything(string method, string path, string? body)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        var rotated = ApiKey.New();
        foreach (var key in new[] { "", "hfk_short", ApiKey.New().Reveal(), session.Cookie, RunningServer.FirstKey.Reveal()[..^1] + "x", rotated.Reveal() })
        {
            var answer = await SendAsync(new ApiCaller(server.Http, key), method, path, body, session);
            Assert.Equal((401, "api_key_invalid", "application/problem+json"), (answer.Status, answer.Reason, answer.MediaType));
            Assert.StartsWith("Bearer", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
        }

        await AssertUntouchedAsync(server, session);
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task An_application_of_another_tenant_reaches_nothing_and_learns_nothing(string method, string path, string? body)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other", Scopes = ApplicationScopes.All });
        var theirs = await foreign.SignInAsync("zoe");

        // The same question about a session that never was must have the same answer, but for the time.
        var answer = await SendAsync(foreign, method, path, body, session);
        var nothing = await SendAsync(foreign, method, path, body?.Replace("{cookie}", Unknown(session.Cookie), StringComparison.Ordinal), new NewSession(Answer(SessionHandle.New(0).ToString(), session.Cookie)));
        Assert.Equal((nothing.Status, nothing.Reason), (answer.Status, answer.Reason));
        if (path.Contains(Sid, StringComparison.Ordinal))
        {
            Assert.Equal((404, nothing.Text), (answer.Status, answer.Text));
        }

        Assert.DoesNotContain("default", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Sid, answer.Text, StringComparison.Ordinal);
        await AssertUntouchedAsync(server, session);
        Assert.Equal("live", (await foreign.VerifyCookieAsync(theirs.Cookie))["status"]);
    }

    [Theory]
    [MemberData(nameof(ScopedEndpoints))]
    public async Task An_application_without_the_scope_is_told_which_one_it_lacks(string method, string path, string? body)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        var scopes = (method, path) switch
        {
            ("GET", "/v1/sessions") => ApplicationScopes.Default,
            ("DELETE", _) => ApplicationScopes.All.Remove(ApplicationScopes.End),
            ("GET", _) or (_, "/v1/verify" or "/v1/activity") => ApplicationScopes.All.Remove(ApplicationScopes.Read),
            _ => ApplicationScopes.All.Remove(ApplicationScopes.Create),
        };
        var lacking = await server.AddAsync("lacking", application => application with { Scopes = scopes });
        var answer = await SendAsync(lacking, method, path, body, session);
        Assert.Equal((403, "insufficient_scope"), (answer.Status, answer.Reason));
        Assert.Contains(ApplicationScopes.All.Except(scopes).Single(), answer["detail"], StringComparison.Ordinal);
        await AssertUntouchedAsync(server, session);
    }

    [Theory]
    [InlineData("other")]
    [InlineData("nowhere")]
    [InlineData("")]
    public async Task A_tenant_that_is_not_ones_own_is_refused_whether_or_not_it_exists(string tenant)
    {
        await using var server = await RunningServer.StartAsync();
        await server.AddAsync("foreign", application => application with { Tenant = "other" });
        foreach (var answer in new[] { await server.First.PostAsync("/v1/sessions", new { subject = "ada", tenant }), await server.First.GetAsync($"/v1/sessions?tenant={tenant}") })
        {
            Assert.Equal((403, "insufficient_scope"), (answer.Status, answer.Reason));
        }
    }

    [Fact]
    public async Task A_cursor_of_another_tenant_shows_only_ones_own()
    {
        await using var server = await RunningServer.StartAsync();
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other", Scopes = ApplicationScopes.All });
        await foreign.SignInAsync("zoe");
        for (var user = 0; user < 101; user++)
        {
            await server.First.SignInAsync($"user-{user}");
        }

        var cursor = (await server.First.GetAsync("/v1/sessions"))["next_cursor"];
        var page = (await foreign.GetAsync($"/v1/sessions?cursor={cursor}")).Json.GetProperty("sessions").EnumerateArray();
        Assert.All(page, one => Assert.Equal("other", one.GetProperty("tenant").GetString()));
    }

    [Fact]
    public async Task An_access_token_is_accepted_by_applications_of_its_audience_alone()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var sibling = await server.AddAsync("sibling");
        var elsewhere = await server.AddAsync("elsewhere", application => application with { Audience = "https://elsewhere.test" });
        Assert.Equal("live", (await sibling.VerifyTokenAsync(session.AccessToken))["status"]);
        Assert.Equal("token_invalid", (await elsewhere.VerifyTokenAsync(session.AccessToken)).Reason);
    }

    [Fact]
    public async Task Two_keys_are_live_while_one_is_rotated_out()
    {
        await using var server = await RunningServer.StartAsync();
        var old = await server.AddAsync("shop");
        var (second, third) = (ApiKey.New(), ApiKey.New());
        await RotateAsync(server, second);
        Assert.Equal(200, (await old.VerifyCookieAsync("none")).Status);
        Assert.Equal(200, (await new ApiCaller(server.Http, second.Reveal()).VerifyCookieAsync("none")).Status);
        await RotateAsync(server, third);
        server.Clock.Advance(ApplicationDirectory.FreshFor);
        Assert.Equal(401, (await old.VerifyCookieAsync("none")).Status);
        Assert.Equal(200, (await new ApiCaller(server.Http, third.Reveal()).VerifyCookieAsync("none")).Status);
    }

    [Fact]
    public async Task A_key_is_kept_as_a_digest_and_never_stands_in_a_log()
    {
        await using var server = await RunningServer.StartAsync();
        await server.First.SignInAsync();
        await new ApiCaller(server.Http, ApiKey.New().Reveal()).SignInFailsAsync();
        var stored = await server.Store.ReadDocumentAsync("applications", CancellationToken.None);
        var secret = RunningServer.FirstKey.Reveal()[4..];
        Assert.DoesNotContain(secret, System.Text.Encoding.UTF8.GetString(stored!.Content.Span), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("hfk_", StringComparison.Ordinal) && !line.Contains("hfk_...", StringComparison.Ordinal));
    }

    private static Task RotateAsync(RunningServer server, ApiKey key) => server.Service<ApplicationDirectory>().UpdateAsync(
        applications => applications.Replace(applications[1], ApplicationKeys.Rotated(applications[1], key, server.Clock.GetUtcNow(), dropOthers: false)), CancellationToken.None);

    private static async Task AssertUntouchedAsync(RunningServer server, NewSession session)
    {
        Assert.Equal("live", (await server.First.VerifyCookieAsync(session.Cookie))["status"]);
        Assert.Equal("{}", (await server.First.GetAsync($"/v1/sessions/{session.Sid}/data")).Text);
        Assert.Equal(session.Sid, Assert.Single((await server.First.GetAsync("/v1/sessions")).Json.GetProperty("sessions").EnumerateArray()).GetProperty("sid").GetString());
    }

    private static Task<ApiAnswer> SendAsync(ApiCaller caller, string method, string path, string? body, NewSession session)
    {
        var address = path.Replace(Sid, session.Sid, StringComparison.Ordinal);
        var text = body?.Replace(Sid, session.Sid, StringComparison.Ordinal).Replace("{cookie}", session.Cookie, StringComparison.Ordinal);
        return text is null ? caller.SendAsync(new HttpMethod(method), address) : caller.PostTextAsync(address, text, method: new HttpMethod(method));
    }

    private static string Unknown(string credential) => credential[..8] + string.Concat(credential[8..].Reverse());

    private static JsonElement Answer(string sid, string cookie) => JsonSerializer.SerializeToElement(new { session = new { sid }, cookies = new[] { new { value = cookie } } });
}
