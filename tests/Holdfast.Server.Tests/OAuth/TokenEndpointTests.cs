using Holdfast.Server.Applications;
using static Holdfast.Server.Tests.OAuth.OAuthCaller;

namespace Holdfast.Server.Tests.OAuth;

/// <summary>The refresh grant, and who may use it.</summary>
public sealed class TokenEndpointTests
{
    [Fact]
    [Requirement("HP-03", "RT-01")]
    public async Task A_refresh_token_is_exchanged_for_its_successor_and_an_access_token()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var answer = await RefreshAsync(server, session.RefreshToken);
        Assert.Equal((200, "Bearer", "no-store", "no-cache"), (answer.Status, answer["token_type"], answer.Header("Cache-Control"), answer.Header("Pragma")));
        Assert.Equal(300, answer.Json.GetProperty("expires_in").GetInt32());
        Assert.Equal("live", (await server.First.VerifyTokenAsync(answer["access_token"]!))["status"]);

        // The same successor again: the answer may have been lost.
        Assert.Equal(answer["refresh_token"], (await RefreshAsync(server, session.RefreshToken))["refresh_token"]);
    }

    [Fact]
    [Requirement("RT-02")]
    public async Task A_token_that_two_hold_ends_its_session()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var second = (await RefreshAsync(server, session.RefreshToken))["refresh_token"]!;
        await RefreshAsync(server, second);
        var replayed = await RefreshAsync(server, session.RefreshToken);
        Assert.Equal((400, "invalid_grant"), (replayed.Status, replayed["error"]));
        Assert.Equal("session_revoked", (await server.First.VerifyTokenAsync(session.AccessToken)).Reason);
    }

    [Fact]
    [Requirement("RT-08")]
    public async Task Another_client_gets_invalid_grant_and_uses_nothing_up()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        var sibling = await server.AddAsync("sibling");
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other" });
        var answers = new[]
        {
            await RefreshAsync(server, session.RefreshToken, sibling, "sibling"), await RefreshAsync(server, session.RefreshToken, foreign, "foreign"),
            await RefreshAsync(server, "hfr_nothing", sibling, "sibling"), await RefreshAsync(server, session.AccessToken),
        };
        Assert.All(answers, answer => Assert.Equal((400, answers[0].Text), (answer.Status, answer.Text)));
        Assert.Equal("invalid_grant", answers[0]["error"]);

        var nobody = await SendAsync(server, "/oauth2/token", [("grant_type", "refresh_token"), ("refresh_token", session.RefreshToken), ("client_id", First)]);
        Assert.Equal((401, "invalid_client"), (nobody.Status, nobody["error"]));

        // Twice the same first token and then its successor: had one of those used it up, this would be reuse.
        Assert.Equal(200, (await RefreshAsync(server, session.RefreshToken)).Status);
    }

    [Theory]
    [InlineData("grant_type=refresh_token", "invalid_request")]
    [InlineData("refresh_token=hfr_x", "invalid_request")]
    [InlineData("grant_type=&refresh_token=hfr_x", "invalid_request")]
    [InlineData("grant_type=password&refresh_token=hfr_x", "unsupported_grant_type")]
    [InlineData("grant_type=refresh_token&refresh_token=hfr_x&refresh_token=hfr_x", "invalid_request")]
    [InlineData("grant_type=refresh_token&refresh_token=hfr_x&scope=read", "invalid_scope")]
    [InlineData("grant_type=refresh_token&refresh_token=hfr_x&unknown=ignored&scope=", "invalid_grant")]
    [Requirement("HP-02", "ER-02", "RT-09")]
    public async Task Parameters_are_read_as_the_standard_says(string form, string error)
    {
        await using var server = await RunningServer.StartAsync();
        var fields = form.Split('&').Select(field => (field.Split('=')[0], field.Split('=')[1]));
        var answer = await SendAsync(server, "/oauth2/token", fields, Basic(First, RunningServer.FirstKey.Reveal()));
        Assert.Equal((400, error, "no-store"), (answer.Status, answer["error"], answer.Header("Cache-Control")));
        Assert.NotEmpty(answer["error_description"]!);
    }

    [Fact]
    [Requirement("HP-02")]
    public async Task Forms_alone_are_read_and_secrets_in_the_address_are_refused()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal("invalid_request", (await server.First.PostTextAsync("/oauth2/token", "{}"))["error"]);
        foreach (var name in new[] { "token", "refresh_token", "client_secret", "client_assertion" })
        {
            Assert.Equal("invalid_request", (await AskAsync(server, $"/oauth2/token?{name}=x"))["error"]);
        }

        var large = await SendAsync(server, "/oauth2/token", [("grant_type", new string('x', 70_000))]);
        Assert.Equal((400, "invalid_request"), (large.Status, large["error"]));
    }

    [Fact]
    [Requirement("HP-11", "ER-02")]
    public async Task A_client_proves_itself_in_Basic_or_in_the_body_and_never_in_both()
    {
        await using var server = await RunningServer.StartAsync();
        var odd = await server.AddAsync("shop.web-1");
        var session = await odd.SignInAsync(transport: "tokens");
        (string, string)[] fields = [("grant_type", "refresh_token"), ("refresh_token", session.RefreshToken)];
        (string, string)[] inBody = [.. fields, ("client_id", "shop.web-1"), ("client_secret", odd.Key)];
        Assert.Equal(200, (await SendAsync(server, "/oauth2/token", fields, Basic("shop.web-1", odd.Key))).Status);

        // Percent-encoded though it need not be, as RFC 6749, section 2.3.1, allows.
        var encoded = "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"shop%2Eweb%2D1:{odd.Key.Replace("_", "%5F", StringComparison.Ordinal)}"));
        Assert.Equal(200, (await SendAsync(server, "/oauth2/token", fields, encoded)).Status);
        Assert.Equal(200, (await SendAsync(server, "/oauth2/token", inBody)).Status);
        Assert.Equal("invalid_request", (await SendAsync(server, "/oauth2/token", inBody, Basic("shop.web-1", odd.Key)))["error"]);

        string[] wrong = [Basic("shop.web-1", RunningServer.FirstKey.Reveal()), Basic("nobody", odd.Key), Basic("shop.web-1", "wrong"), "Basic nonsense", "Basic", $"Bearer {odd.Key}", Basic("", "")];
        foreach (var header in wrong)
        {
            var answer = await SendAsync(server, "/oauth2/token", fields, header);
            Assert.Equal((401, "invalid_client"), (answer.Status, answer["error"]));
            Assert.StartsWith("Basic realm=", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_client_without_a_secret_refreshes_and_revokes_where_its_application_says_so()
    {
        await using var server = await RunningServer.StartAsync();
        var phone = await server.AddAsync("phone", application => application with { Public = true });
        var session = await phone.SignInAsync(transport: "tokens");
        var refreshed = await SendAsync(server, "/oauth2/token", [("client_id", "phone"), ("grant_type", "refresh_token"), ("refresh_token", session.RefreshToken)]);
        Assert.Equal(200, refreshed.Status);
        Assert.Equal(401, (await SendAsync(server, "/oauth2/introspect", [("client_id", "phone"), ("token", refreshed["access_token"]!)])).Status);
        Assert.Equal(200, (await SendAsync(server, "/oauth2/revoke", [("client_id", "phone"), ("token", refreshed["access_token"]!)])).Status);
        Assert.Equal("session_revoked", (await phone.VerifyTokenAsync(refreshed["access_token"]!)).Reason);
    }

    [Fact]
    [Requirement("CSRF-10")]
    public async Task Pages_of_named_origins_may_call_and_no_others()
    {
        await using var server = await RunningServer.StartAsync();
        var phone = await server.AddAsync("spa", application => application with { Public = true, AllowedOrigins = ["https://app.test"] });
        await server.AddAsync("other-spa", application => application with { Public = true, AllowedOrigins = ["https://elsewhere.test"] });
        var session = await phone.SignInAsync(transport: "tokens");
        (string, string)[] fields = [("client_id", "spa"), ("grant_type", "refresh_token"), ("refresh_token", session.RefreshToken)];

        var allowed = await SendAsync(server, "/oauth2/token", fields, origin: "https://app.test");
        Assert.Equal((200, "https://app.test", null), (allowed.Status, allowed.Header("Access-Control-Allow-Origin"), allowed.Header("Access-Control-Allow-Credentials")));
        foreach (var origin in new[] { "https://evil.test", "https://elsewhere.test", "null" })
        {
            var refused = await SendAsync(server, "/oauth2/token", fields, origin: origin);
            Assert.Equal((403, "csrf_failed", null), (refused.Status, refused.Reason, refused.Header("Access-Control-Allow-Origin")));
            Assert.Contains("Origin", refused.Header("Vary"), StringComparison.Ordinal);
        }

        Assert.Contains(await server.EventsAsync(), one => one is { Type: Auditing.SessionEventType.CsrfRefused, Reason: "origin" });
        var preflight = await server.First.SendAsync(HttpMethod.Options, "/oauth2/token", null, ("Origin", "https://app.test"), ("Access-Control-Request-Method", "POST"));
        Assert.Equal((204, "POST"), (preflight.Status, preflight.Header("Access-Control-Allow-Methods")));
        Assert.Equal(403, (await server.First.SendAsync(HttpMethod.Options, "/oauth2/token", null, ("Origin", "https://evil.test"), ("Access-Control-Request-Method", "POST"))).Status);
    }

    [Fact]
    [Requirement("CR-08")]
    public async Task A_silent_store_is_503_for_every_OAuth_endpoint()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        server.Store.Silent = true;
        foreach (var answer in new[] { await RefreshAsync(server, session.RefreshToken), await RevokeAsync(server, session.RefreshToken), await IntrospectAsync(server, session.AccessToken) })
        {
            Assert.Equal((503, "temporarily_unavailable", "1"), (answer.Status, answer["error"], answer.Header("Retry-After")));
        }
    }
}
