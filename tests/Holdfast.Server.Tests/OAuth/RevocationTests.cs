using static Holdfast.Server.Tests.OAuth.OAuthCaller;

namespace Holdfast.Server.Tests.OAuth;

/// <summary>Introspection and revocation: what a token is worth, and its end.</summary>
public sealed class RevocationTests
{
    [Fact]
    [Requirement("HP-06", "SU-08")]
    public async Task A_live_access_token_is_described_to_its_audience()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var answer = await IntrospectAsync(server, session.AccessToken);
        Assert.Equal((200, "no-store"), (answer.Status, answer.Header("Cache-Control")));
        Assert.True(answer.Json.GetProperty("active").GetBoolean());
        Assert.Equal(
            (First, "ada", server.Issuer, server.Issuer, "Bearer", session.Sid, "aal1"),
            (answer["client_id"], answer["sub"], answer["aud"], answer["iss"], answer["token_type"], answer["sid"], answer["acr"]));
        Assert.Equal(server.Clock.GetUtcNow().ToUnixTimeSeconds(), answer.Json.GetProperty("auth_time").GetInt64());
        Assert.Equal(300, answer.Json.GetProperty("exp").GetInt64() - answer.Json.GetProperty("iat").GetInt64());
        Assert.NotEmpty(answer["jti"]!);

        var step = await server.First.PostAsync($"/v1/sessions/{session.Sid}/elevate", new { acr = "aal2" });
        Assert.Equal("aal2", (await IntrospectAsync(server, step.Json.GetProperty("tokens").GetProperty("access_token").GetString()!))["acr"]);
    }

    [Fact]
    [Requirement("HP-05", "ER-04", "LO-03")]
    public async Task Every_token_that_one_should_not_rely_on_is_described_alike()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var elsewhere = await server.AddAsync("elsewhere", application => application with { Audience = "https://elsewhere.test" });
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other" });
        var ended = await server.First.SignInAsync("ben", "tokens");
        await server.First.DeleteAsync($"/v1/sessions/{ended.Sid}");
        ApiAnswer[] answers =
        [
            await IntrospectAsync(server, "nonsense"), await IntrospectAsync(server, "a.b.c"), await IntrospectAsync(server, ended.AccessToken), await IntrospectAsync(server, ended.RefreshToken, hint: "refresh_token"),
            await IntrospectAsync(server, session.AccessToken, elsewhere, "elsewhere"), await IntrospectAsync(server, session.AccessToken, foreign, "foreign"),
            await IntrospectAsync(server, session.RefreshToken, elsewhere, "elsewhere", "refresh_token"), await IntrospectAsync(server, RunningServer.FirstKey.Reveal()),
        ];
        server.Clock.Advance(TimeSpan.FromMinutes(6));
        foreach (var answer in answers.Append(await IntrospectAsync(server, session.AccessToken)))
        {
            Assert.Equal((200, """{"active":false}""", "application/json"), (answer.Status, answer.Text, answer.MediaType));
        }
    }

    [Fact]
    [Requirement("RT-12")]
    public async Task An_API_that_asks_about_whatever_came_as_a_bearer_token_never_takes_a_refresh_token()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        Assert.Equal("""{"active":false}""", (await IntrospectAsync(server, session.RefreshToken)).Text);
        Assert.Equal("""{"active":false}""", (await IntrospectAsync(server, session.RefreshToken, hint: "access_token")).Text);
        var asked = await IntrospectAsync(server, session.RefreshToken, hint: "refresh_token");
        Assert.True(asked.Json.GetProperty("active").GetBoolean());
        Assert.Null(asked["token_type"]);
    }

    [Fact]
    [Requirement("HP-04", "HP-11")]
    public async Task Introspection_demands_a_client_that_proves_itself_and_may_read()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        Assert.Equal(401, (await SendAsync(server, "/oauth2/introspect", [("token", session.AccessToken)])).Status);
        var writer = await server.AddAsync("writer", application => application with { Scopes = ["sessions:create"] });
        Assert.Equal((403, "insufficient_scope"), ((await IntrospectAsync(server, session.AccessToken, writer, "writer")).Status, (await IntrospectAsync(server, session.AccessToken, writer, "writer"))["error"]));
        Assert.Equal("invalid_request", (await AskAsync(server, "/oauth2/introspect"))["error"]);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, null)]
    [InlineData(true, "refresh_token")]
    [InlineData(false, "access_token")]
    [InlineData(false, "unknown")]
    [Requirement("HP-07")]
    public async Task Revoking_either_token_ends_all_of_the_session_whatever_the_hint(bool accessToken, string? hint)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var token = accessToken ? session.AccessToken : session.RefreshToken;
        (string, string)[] fields = hint is null ? [("token", token)] : [("token", token), ("token_type_hint", hint)];
        Assert.Equal((200, ""), ((await AskAsync(server, "/oauth2/revoke", fields: fields)).Status, (await AskAsync(server, "/oauth2/revoke", fields: fields)).Text));
        Assert.Equal("session_revoked", (await server.First.VerifyTokenAsync(session.AccessToken)).Reason);
        Assert.Equal("invalid_grant", (await RefreshAsync(server, session.RefreshToken))["error"]);
        Assert.Equal("""{"active":false}""", (await IntrospectAsync(server, session.AccessToken)).Text);
    }

    [Fact]
    [Requirement("HP-07", "HP-08")]
    public async Task Revocation_knows_unknown_tokens_and_refuses_anothers_and_other_kinds()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var sibling = await server.AddAsync("sibling");
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other" });
        foreach (var token in new[] { "nonsense", "hfr_nonsense", "a.b.c" })
        {
            Assert.Equal(200, (await RevokeAsync(server, token)).Status);
        }

        Assert.Equal((400, "invalid_grant"), ((await RevokeAsync(server, session.RefreshToken, sibling, "sibling")).Status, (await RevokeAsync(server, session.AccessToken, sibling, "sibling"))["error"]));
        Assert.Equal(200, (await RevokeAsync(server, session.RefreshToken, foreign, "foreign")).Status);
        Assert.Equal("unsupported_token_type", (await RevokeAsync(server, (await server.First.SignInAsync()).Cookie))["error"]);
        Assert.Equal("unsupported_token_type", (await RevokeAsync(server, RunningServer.FirstKey.Reveal()))["error"]);
        Assert.Equal("live", (await server.First.VerifyTokenAsync(session.AccessToken))["status"]);
    }
}
