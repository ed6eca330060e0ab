using System.Text.Json;

namespace Holdfast.Server.Tests.Api;

/// <summary>How long a verification may be repeated by whoever follows the feed.</summary>
public sealed class RepeatableAnswerTests
{
    [Fact]
    public async Task A_current_cookie_may_be_repeated_for_ten_minutes_at_most()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        Assert.Equal(600_000, await RepeatableAsync(server, new { cookie = session.Cookie }));
        Assert.Equal(600_000, await RepeatableAsync(server, new { cookie = session.Cookie }));
    }

    [Theory]
    [InlineData("IdleTimeout", "00:05:00", 6)]
    [InlineData("AbsoluteTimeout", "00:05:00", 5)]
    public async Task No_answer_may_be_repeated_beyond_an_end_of_its_session(string setting, string value, int minutes)
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:IdleTimeout", "00:05:00"), ($"Holdfast:{setting}", value));
        var session = await server.First.SignInAsync();
        await server.First.VerifyCookieAsync(session.Cookie);
        server.Clock.Advance(TimeSpan.FromSeconds(30));
        await FollowAsync(server);
        Assert.Equal((minutes * 60_000) - 30_000, await RepeatableAsync(server, new { cookie = session.Cookie, touch = false }));
    }

    [Fact]
    public async Task A_cookie_that_is_due_and_one_that_was_overtaken_are_asked_about_each_time()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        server.Clock.Advance(TimeSpan.FromMinutes(14));
        await FollowAsync(server);
        Assert.Equal(60_000, await RepeatableAsync(server, new { cookie = session.Cookie }));
        server.Clock.Advance(TimeSpan.FromMinutes(2));
        await FollowAsync(server);
        Assert.Equal(0, await RepeatableAsync(server, new { cookie = session.Cookie }));
        var renewed = (await server.First.VerifyCookieAsync(session.Cookie, renew: true)).Json.GetProperty("cookies")[0].GetProperty("value").GetString();
        Assert.Equal(0, await RepeatableAsync(server, new { cookie = session.Cookie }));
        await server.First.VerifyCookieAsync(renewed!);
        Assert.Equal(600_000, await RepeatableAsync(server, new { cookie = renewed }));
        Assert.Equal(0, await RepeatableAsync(server, new { cookie = session.Cookie }));
    }

    [Fact]
    public async Task What_a_step_up_proved_is_repeated_no_longer_than_it_counts_and_the_cookie_before_it_not_at_all()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:ElevationLifetime", "00:02:00"));
        var before = await server.First.SignInAsync();
        var after = new NewSession((await server.First.PostAsync($"/v1/sessions/{before.Sid}/elevate", new { acr = "aal2" })).Json);
        Assert.Equal(0, await RepeatableAsync(server, new { cookie = before.Cookie }));
        await server.First.VerifyCookieAsync(after.Cookie);
        Assert.Equal(120_000, await RepeatableAsync(server, new { cookie = after.Cookie }));
    }

    [Fact]
    public async Task An_access_token_may_be_repeated_until_it_expires_and_a_refused_credential_has_no_such_time()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync(transport: "tokens");
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        await FollowAsync(server);
        Assert.Equal(240_000, await RepeatableAsync(server, new { access_token = session.AccessToken }));

        // Within the leeway for other clocks it is still live, and not worth keeping.
        server.Clock.Advance(TimeSpan.FromMinutes(4) + TimeSpan.FromSeconds(2));
        Assert.Equal(0, await RepeatableAsync(server, new { access_token = session.AccessToken }));
        Assert.False((await server.First.VerifyCookieAsync("hfs_nothing")).Json.TryGetProperty("remember_for_ms", out _));
    }

    [Fact]
    public async Task An_answer_names_what_the_feed_speaks_against()
    {
        await using var server = await RunningServer.StartAsync();
        var spared = await server.First.SignInAsync();
        await server.First.DeleteAsync($"/v1/subjects/ada/sessions?except={spared.Sid}&reason=ended_by_user");
        await FollowAsync(server);
        var entry = Assert.Single((await server.First.GetAsync("/v1/feed?wait_ms=0")).Json.GetProperty("entries").EnumerateArray());
        Assert.Equal(("subject_ended", "ended_by_user"), (entry.GetProperty("kind").GetString(), entry.GetProperty("reason").GetString()));
        var session = (await server.First.VerifyCookieAsync(spared.Cookie)).Json.GetProperty("session");
        Assert.True(session.GetProperty("epoch").GetInt64() >= entry.GetProperty("least").GetInt64());
        Assert.False(session.TryGetProperty("generation", out _));
    }

    // As the follower would soon: the lease is renewed, so that this node remembers.
    private static async Task FollowAsync(RunningServer server)
    {
        for (var partition = 0; partition < server.Service<Freshness.SessionMemory>().PartitionCount; partition++)
        {
            await server.Service<FeedFollower>().CatchUpAsync(partition, CancellationToken.None);
        }
    }

    private static async Task<long> RepeatableAsync(RunningServer server, object credential)
    {
        var answer = await server.First.PostAsync("/v1/verify", credential);
        Assert.Equal("live", answer["status"]);
        return answer.Json.GetProperty("remember_for_ms").GetInt64();
    }
}
