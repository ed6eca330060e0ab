using System.Text.Json;

namespace Holdfast.Server.Tests.Api;

/// <summary>Refresh tokens that clients presented to an application, exchanged by it.</summary>
public sealed class RefreshApiTests
{
    [Fact]
    public async Task A_token_from_the_body_is_answered_in_the_body()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var answer = await ExchangeAsync(server.First, session.RefreshToken, "body");
        Assert.Equal((200, "live", "no-store"), (answer.Status, answer["status"], answer.Header("Cache-Control")));
        Assert.Equal(0, answer.Json.GetProperty("cookies").GetArrayLength());
        Assert.Equal((session.Sid, 2), (answer.Json.GetProperty("session").GetProperty("sid").GetString(), answer.Json.GetProperty("session").GetProperty("generation").GetInt32()));
        Assert.Equal("live", (await server.First.VerifyTokenAsync(new NewSession(answer.Json).AccessToken))["status"]);
        Assert.NotEqual(session.RefreshToken, new NewSession(answer.Json).RefreshToken);
    }

    [Fact]
    public async Task A_token_from_the_cookie_is_answered_in_cookies_under_the_applications_own_path()
    {
        await using var server = await RunningServer.StartAsync();
        var created = await server.First.PostAsync("/v1/sessions", new { subject = "ada", transport = "token-cookies", auth_path = "/account/auth" });
        Assert.Contains("; path=/account/auth;", HeaderOf(created.Json, 1), StringComparison.Ordinal);
        var answer = await server.First.PostAsync("/v1/refresh", new { refresh_token = RefreshOf(created.Json), from = "cookie", auth_path = "/account/auth" });
        Assert.Equal("live", answer["status"]);
        Assert.False(answer.Json.TryGetProperty("tokens", out _));
        Assert.StartsWith("__Host-Http-holdfast-at=", HeaderOf(answer.Json, 0), StringComparison.Ordinal);
        Assert.Contains("; path=/account/auth;", HeaderOf(answer.Json, 1), StringComparison.Ordinal);
        Assert.NotEqual(RefreshOf(created.Json), RefreshOf(answer.Json));
    }

    [Fact]
    public async Task A_token_that_came_the_wrong_way_is_invalid_and_stays_what_it_was()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:RefreshRetryWindow", "00:00:00"));
        var inBody = (await server.First.SignInAsync(transport: "tokens")).RefreshToken;
        var inCookie = RefreshOf((await server.First.SignInAsync("ben", "token-cookies")).Answer);
        foreach (var (token, wrong, right) in new[] { (inBody, "cookie", "body"), (inCookie, "body", "cookie") })
        {
            AssertInvalid("token_invalid", await ExchangeAsync(server.First, token, wrong));
            Assert.Equal("live", (await ExchangeAsync(server.First, token, right))["status"]);
        }
    }

    [Fact]
    public async Task A_token_of_two_holders_ends_its_session_and_the_device_is_told()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var next = new NewSession((await ExchangeAsync(server.First, session.RefreshToken, "body")).Json);
        await ExchangeAsync(server.First, next.RefreshToken, "body");
        server.Clock.Advance(TimeSpan.FromMinutes(5));
        var reused = await server.First.PostAsync("/v1/refresh", new { refresh_token = session.RefreshToken, from = "body", device = new { ip = "203.0.113.7" } });
        AssertInvalid("token_reused", reused);
        AssertInvalid("token_invalid", await ExchangeAsync(server.First, next.RefreshToken, "body"));
        Assert.Equal("203.0.113.7", (await server.EventsAsync()).Last(one => one.Type == Auditing.SessionEventType.TokenReused).Address);
    }

    [Fact]
    public async Task A_token_of_another_application_or_tenant_is_invalid_and_not_used_up()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:RefreshRetryWindow", "00:00:00"));
        var sibling = await server.AddAsync("sibling");
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other" });
        var session = await server.First.SignInAsync(transport: "tokens");
        foreach (var caller in new[] { sibling, foreign })
        {
            AssertInvalid("token_invalid", await ExchangeAsync(caller, session.RefreshToken, "body"));
            AssertInvalid("token_invalid", await caller.PostAsync("/v1/verify", new { refresh_token = session.RefreshToken }));
        }

        Assert.Equal("live", (await ExchangeAsync(server.First, session.RefreshToken, "body"))["status"]);
    }

    [Fact]
    public async Task Nobody_is_told_anything_while_the_store_is_silent()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        server.Store.Silent = true;
        var answer = await ExchangeAsync(server.First, session.RefreshToken, "body");
        Assert.Equal((503, "store_unavailable", "1"), (answer.Status, answer.Reason, answer.Header("Retry-After")));
        server.Store.Silent = false;
        Assert.Equal("live", (await ExchangeAsync(server.First, session.RefreshToken, "body"))["status"]);
    }

    [Fact]
    public async Task Whose_session_a_refresh_token_belongs_to_is_told_without_using_it()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:RefreshRetryWindow", "00:00:00"));
        var session = await server.First.SignInAsync(transport: "tokens");
        var told = await server.First.PostAsync("/v1/verify", new { refresh_token = session.RefreshToken });
        Assert.Equal(("live", session.Sid, 0), (told["status"], told.Json.GetProperty("session").GetProperty("sid").GetString(), told.Json.GetProperty("remember_for_ms").GetInt32()));
        Assert.Equal("live", (await ExchangeAsync(server.First, session.RefreshToken, "body"))["status"]);
        await server.First.DeleteAsync($"/v1/sessions/{session.Sid}");
        AssertInvalid("token_invalid", await server.First.PostAsync("/v1/verify", new { refresh_token = session.RefreshToken }));
    }

    private static Task<ApiAnswer> ExchangeAsync(ApiCaller caller, string token, string from) => caller.PostAsync("/v1/refresh", new { refresh_token = token, from });

    private static string HeaderOf(JsonElement answer, int cookie) => answer.GetProperty("cookies")[cookie].GetProperty("header").GetString()!;

    private static string RefreshOf(JsonElement answer) => answer.GetProperty("cookies")[1].GetProperty("value").GetString()!;

    private static void AssertInvalid(string reason, ApiAnswer answer)
    {
        Assert.Equal((200, "invalid", reason), (answer.Status, answer["status"], answer.Reason));
        Assert.False(answer.Json.TryGetProperty("tokens", out _) || answer.Json.TryGetProperty("session", out _));
    }
}
