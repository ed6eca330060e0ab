using Holdfast.Auditing;

namespace Holdfast.Server.Tests.Api;

/// <summary>A session's life as a backend drives it over HTTP.</summary>
public sealed class SessionsApiTests
{
    [Fact]
    public async Task A_session_is_started_verified_and_ended()
    {
        await using var server = await RunningServer.StartAsync();
        var created = await server.First.PostAsync("/v1/sessions", new
        {
            subject = "ada",
            claims = new { name = "Ada Lovelace", role = new[] { "admin", "author" } },
            data = new { theme = "dark" },
            acr = "aal1",
            amr = new[] { "pwd" },
            device = new { user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ip = "203.0.113.7" },
        });
        var session = new NewSession(created.Json);
        Assert.Equal((201, $"/v1/sessions/{session.Sid}", "no-store"), (created.Status, created.Header("Location"), created.Header("Cache-Control")));
        Assert.Equal($"__Host-Http-holdfast={session.Cookie}; path=/; secure; httponly; samesite=lax", created.Json.GetProperty("cookies")[0].GetProperty("header").GetString());

        var live = (await server.First.VerifyCookieAsync(session.Cookie)).Json;
        var seen = live.GetProperty("session");
        Assert.Equal("live", live.GetProperty("status").GetString());
        Assert.Equal(("ada", "default", "Ada Lovelace"), (
            seen.GetProperty("subject").GetString(), seen.GetProperty("client").GetString(), seen.GetProperty("claims").GetProperty("name").GetString()));
        Assert.Equal(2, seen.GetProperty("claims").GetProperty("role").GetArrayLength());
        var detail = (await server.First.GetAsync($"/v1/sessions/{session.Sid}")).Json;
        Assert.Equal((session.Sid, "Firefox on Linux", "203.0.113.7"), (
            detail.GetProperty("sid").GetString(), detail.GetProperty("device").GetProperty("name").GetString(), detail.GetProperty("device").GetProperty("address").GetString()));

        Assert.Equal(204, (await server.First.DeleteAsync($"/v1/sessions/{session.Sid}")).Status);
        Assert.Equal(204, (await server.First.DeleteAsync($"/v1/sessions/{session.Sid}")).Status);
        Assert.Equal(404, (await server.First.GetAsync($"/v1/sessions/{session.Sid}")).Status);
        Assert.Equal("session_revoked", (await server.First.VerifyCookieAsync(session.Cookie)).Reason);
        Assert.DoesNotContain(await server.EventsAsync(), one => one.Type == SessionEventType.CredentialRejected);
        Assert.Equal("session_missing", (await server.First.VerifyCookieAsync("hfs_nothing")).Reason);
    }

    [Fact]
    public async Task A_verification_keeps_its_session_from_idling_out_unless_it_says_that_no_user_asked()
    {
        await using var server = await RunningServer.StartAsync();
        var used = await server.First.SignInAsync("ada");
        var polled = await server.First.SignInAsync("ben");
        for (var minutes = 0; minutes < 40; minutes += 10)
        {
            server.Clock.Advance(TimeSpan.FromMinutes(10));
            await server.First.VerifyCookieAsync(used.Cookie);
            await server.First.PostAsync("/v1/verify", new { cookie = polled.Cookie, touch = false });
            await server.Service<TouchBuffer>().FlushAsync(CancellationToken.None);
        }

        Assert.Equal("live", (await server.First.VerifyCookieAsync(used.Cookie))["status"]);
        Assert.Equal("session_expired", (await server.First.VerifyCookieAsync(polled.Cookie)).Reason);
    }

    [Fact]
    public async Task A_due_secret_is_renewed_through_a_backend_that_can_pass_the_cookie_on_and_through_no_other()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        server.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(0, (await server.First.VerifyCookieAsync(session.Cookie)).Json.GetProperty("cookies").GetArrayLength());
        var renewed = (await server.First.VerifyCookieAsync(session.Cookie, renew: true)).Json.GetProperty("cookies")[0].GetProperty("value").GetString()!;
        Assert.NotEqual(session.Cookie, renewed);
        Assert.Equal("live", (await server.First.VerifyCookieAsync(renewed))["status"]);
    }

    [Fact]
    public async Task Tokens_travel_in_the_body_or_in_cookies_as_the_backend_asks()
    {
        await using var server = await RunningServer.StartAsync();
        var tokens = await server.First.SignInAsync(transport: "tokens");
        Assert.Equal(0, tokens.Answer.GetProperty("cookies").GetArrayLength());
        Assert.Equal("live", (await server.First.VerifyTokenAsync(tokens.AccessToken))["status"]);
        Assert.Equal("token_invalid", (await server.First.VerifyTokenAsync(tokens.RefreshToken)).Reason);

        var inCookies = await server.First.SignInAsync(transport: "token-cookies");
        Assert.False(inCookies.Answer.TryGetProperty("tokens", out _));
        Assert.Equal(["__Host-Http-holdfast-at", "__Secure-holdfast-rt"], inCookies.Answer.GetProperty("cookies").EnumerateArray().Select(cookie => cookie.GetProperty("name").GetString()));
        Assert.Contains("; path=/auth;", inCookies.Answer.GetProperty("cookies")[1].GetProperty("header").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("SU-08")]
    public async Task A_step_up_gives_a_new_credential_and_the_old_one_proves_less()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        var elevated = await server.First.PostAsync($"/v1/sessions/{session.Sid}/elevate", new { acr = "aal2", amr = new[] { "pwd", "otp" } });
        Assert.Equal("aal2", elevated.Json.GetProperty("session").GetProperty("acr").GetString());
        Assert.False(elevated.Json.GetProperty("tokens").TryGetProperty("refresh_token", out _));
        Assert.Equal("token_expired", (await server.First.VerifyTokenAsync(session.AccessToken)).Reason);
        Assert.Equal("live", (await server.First.VerifyTokenAsync(elevated.Json.GetProperty("tokens").GetProperty("access_token").GetString()!))["status"]);

        var cookie = await server.First.SignInAsync("ben");
        var stepped = new NewSession((await server.First.PostAsync($"/v1/sessions/{cookie.Sid}/elevate", new { acr = "aal2" })).Json);
        Assert.Equal("aal2", (await server.First.VerifyCookieAsync(stepped.Cookie)).Json.GetProperty("session").GetProperty("acr").GetString());
        Assert.Equal("session_missing", (await server.First.VerifyCookieAsync(cookie.Cookie)).Reason);
    }

    [Fact]
    public async Task A_users_sessions_are_listed_and_ended_but_for_one()
    {
        await using var server = await RunningServer.StartAsync();
        const string Subject = "org/7:ada lovelace%2F";
        var path = $"/v1/subjects/{Uri.EscapeDataString(Subject)}/sessions";
        var spared = await server.First.SignInAsync(Subject);
        var other = await server.First.SignInAsync(Subject);
        await server.First.SignInAsync("ben");
        var listed = (await server.First.GetAsync(path)).Json.GetProperty("sessions").EnumerateArray().Select(one => one.GetProperty("sid").GetString()!);
        Assert.Equal(new[] { other.Sid, spared.Sid }.Order(), listed.Order());

        Assert.Equal(400, (await server.First.DeleteAsync($"{path}?except=AAAAAAAAAAAAAAAAAAAAAA")).Status);
        Assert.Equal(2, (await server.First.GetAsync(path)).Json.GetProperty("sessions").GetArrayLength());
        Assert.Equal(204, (await server.First.DeleteAsync($"{path}?except={spared.Sid}")).Status);
        Assert.Equal(spared.Sid, Assert.Single((await server.First.GetAsync(path)).Json.GetProperty("sessions").EnumerateArray()).GetProperty("sid").GetString());
        Assert.Equal(204, (await server.First.DeleteAsync(path)).Status);
        Assert.Equal("session_revoked", (await server.First.VerifyCookieAsync(spared.Cookie)).Reason);
    }

    [Theory]
    [InlineData("", "revoked")]
    [InlineData("?reason=signed_out", "signed_out")]
    [InlineData("?reason=ended_by_user", "ended_by_user")]
    [InlineData("?reason=revoked", "revoked")]
    public async Task An_ending_is_recorded_with_the_reason_that_the_application_gave(string query, string reason)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync("ada");
        await server.First.SignInAsync("ben");
        Assert.Equal(204, (await server.First.DeleteAsync($"/v1/sessions/{session.Sid}{query}")).Status);
        Assert.Equal(204, (await server.First.DeleteAsync($"/v1/subjects/ben/sessions{query}")).Status);
        var endings = (await server.EventsAsync()).Where(one => one.Type is SessionEventType.SignedOut or SessionEventType.SessionEnded or SessionEventType.SubjectEnded);
        Assert.Equal([reason, reason], endings.Select(one => one.Reason));
    }

    [Fact]
    public async Task A_new_session_takes_the_place_of_the_one_that_the_browser_had()
    {
        await using var server = await RunningServer.StartAsync();
        var foreign = await server.AddAsync("foreign", application => application with { Tenant = "other" });
        var (old, theirs) = (await server.First.SignInAsync(), await foreign.SignInAsync("zoe"));
        await server.First.PatchAsync($"/v1/sessions/{old.Sid}/data", new { cart = "book" });
        var created = new NewSession((await server.First.PostAsync("/v1/sessions", new { subject = "ada", replaces = old.Sid })).Json);
        Assert.Equal("session_revoked", (await server.First.VerifyCookieAsync(old.Cookie)).Reason);
        Assert.Equal("""{"cart":"book"}""", (await server.First.GetAsync($"/v1/sessions/{created.Sid}/data")).Text);

        // What does not live here is passed over: the sign-in counts.
        foreach (var sid in new[] { old.Sid, theirs.Sid, SessionHandle.New(0).ToString() })
        {
            Assert.Equal(201, (await server.First.PostAsync("/v1/sessions", new { subject = "ada", replaces = sid })).Status);
        }

        Assert.Equal("live", (await foreign.VerifyCookieAsync(theirs.Cookie))["status"]);
    }

    [Fact]
    public async Task All_sessions_are_browsed_in_pages()
    {
        await using var server = await RunningServer.StartAsync();
        for (var user = 0; user < 120; user++)
        {
            await server.First.SignInAsync($"user-{user}");
        }

        var first = (await server.First.GetAsync("/v1/sessions?tenant=default")).Json;
        var second = (await server.First.GetAsync($"/v1/sessions?cursor={first.GetProperty("next_cursor").GetString()}")).Json;
        Assert.False(second.TryGetProperty("next_cursor", out _));
        var seen = new[] { first, second }.SelectMany(page => page.GetProperty("sessions").EnumerateArray()).Select(one => one.GetProperty("subject").GetString());
        Assert.Equal(120, seen.Distinct().Count());
    }

    [Fact]
    public async Task The_limit_of_sessions_is_the_applications_own()
    {
        await using var server = await RunningServer.StartAsync();
        var shop = await server.AddAsync("shop", application => application with { Policy = application.Policy.Add("MaxSessionsPerSubject", "1").Add("IdleTimeout", "00:05:00") });
        var session = await shop.SignInAsync();
        Assert.Equal(TimeSpan.FromMinutes(6), session.Answer.GetProperty("session").GetProperty("idle_expires_at").GetDateTimeOffset() - server.Clock.GetUtcNow());
        var refused = await shop.PostAsync("/v1/sessions", new { subject = "ada" });
        Assert.Equal((409, "conflict", "MaxSessionsPerSubject"), (refused.Status, refused.Reason, refused["setting"]));
    }

    [Fact]
    public async Task Activity_is_taken_for_sessions_of_the_caller_and_never_beyond_what_they_have_reached()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        server.Clock.Advance(TimeSpan.FromMinutes(5));
        var told = await server.First.PostAsync("/v1/activity", new
        {
            seen = new[] { new { sid = session.Sid, at = server.Clock.GetUtcNow() } },
            confirmed = new[] { new { sid = session.Sid, generation = 99 }, new { sid = session.Sid, generation = 1 } },
        });
        Assert.Equal(204, told.Status);
        await server.Service<TouchBuffer>().FlushAsync(CancellationToken.None);
        SessionHandle.TryParse(session.Sid, out var handle);
        var (stored, _) = await server.Store.FindAsync(handle, CancellationToken.None);
        Assert.Equal((server.Clock.GetUtcNow(), 1), (stored!.LastSeenAt, stored.Refresh!.ConfirmedGeneration));
    }

    [Fact]
    [Requirement("AU-01")]
    public async Task A_failure_that_only_the_application_saw_is_recorded_with_the_users_device()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal(204, (await server.First.PostAsync("/v1/events", new { type = "sign_in.failed", subject = "ada", reason = "wrong_password", device = new { ip = "203.0.113.7" } })).Status);
        var recorded = (await server.EventsAsync()).Last(one => one.Type == SessionEventType.SignInFailed);
        Assert.Equal(("ada", "wrong_password", "203.0.113.7"), (recorded.Subject, recorded.Reason, recorded.Address));
    }

    [Fact]
    [Requirement("CR-08")]
    public async Task Nobody_is_told_valid_or_invalid_while_the_store_is_silent()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        server.Store.Silent = true;
        var answer = await server.First.VerifyCookieAsync(session.Cookie);
        Assert.Equal((503, "store_unavailable", "1"), (answer.Status, answer.Reason, answer.Header("Retry-After")));
        server.Store.Silent = false;
        Assert.Equal("live", (await server.First.VerifyCookieAsync(session.Cookie))["status"]);
    }
}
