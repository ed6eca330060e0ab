using System.Text.Json;

namespace Holdfast.Server.Tests.Api;

/// <summary>The feed, as an application that checks sessions by itself follows it.</summary>
public sealed class FeedApiTests
{
    [Fact]
    [Requirement("LO-03")]
    public async Task An_ending_is_told_behind_the_position_with_an_age_that_makes_the_followers_lease_sound()
    {
        await using var server = await RunningServer.StartAsync();
        var sid = (await server.First.SignInAsync()).Sid;
        var before = await FollowAsync(server.First, null);
        Assert.True(before.GetProperty("starts_over").GetBoolean());
        await server.First.DeleteAsync($"/v1/sessions/{sid}");
        await server.Service<FeedFollower>().CatchUpAsync(0, CancellationToken.None);
        server.Clock.Advance(TimeSpan.FromMilliseconds(200));
        var after = await FollowAsync(server.First, before.GetProperty("position").GetString());
        var entry = Assert.Single(after.GetProperty("entries").EnumerateArray());
        Assert.Equal(("session_ended", sid), (entry.GetProperty("kind").GetString(), entry.GetProperty("sid").GetString()));
        Assert.False(after.GetProperty("starts_over").GetBoolean());
        Assert.InRange(after.GetProperty("age_ms").GetInt64(), 0, 250);
        Assert.Equal(server.Clock.GetUtcNow(), after.GetProperty("now").GetDateTimeOffset(), TimeSpan.FromMilliseconds(250));
        var again = await FollowAsync(server.First, after.GetProperty("position").GetString());
        Assert.Empty(again.GetProperty("entries").EnumerateArray());
    }

    [Fact]
    public async Task One_tenant_never_hears_of_anothers_sessions()
    {
        await using var server = await RunningServer.StartAsync();
        var other = await server.AddAsync("other", application => application with { Tenant = "other" });
        var sid = (await server.First.SignInAsync()).Sid;
        await server.First.DeleteAsync($"/v1/sessions/{sid}");
        await server.Service<FeedFollower>().CatchUpAsync(0, CancellationToken.None);
        Assert.Empty((await FollowAsync(other, null)).GetProperty("entries").EnumerateArray());
        Assert.Single((await FollowAsync(server.First, null)).GetProperty("entries").EnumerateArray());
    }

    [Fact]
    public async Task A_position_that_this_server_does_not_know_starts_over_and_a_malformed_one_is_refused()
    {
        await using var server = await RunningServer.StartAsync();
        await server.First.SignInAsync();
        var unknown = Convert.ToBase64String([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99, 1, 2, 3, 4]).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        Assert.True((await FollowAsync(server.First, unknown)).GetProperty("starts_over").GetBoolean());
        Assert.Equal(400, (await server.First.GetAsync("/v1/feed?after=elsewhere")).Status);
        Assert.Equal(400, (await server.First.GetAsync("/v1/feed?wait_ms=60000")).Status);
    }

    [Fact]
    public async Task The_age_grows_while_the_store_is_silent()
    {
        await using var server = await RunningServer.StartAsync();
        await server.First.SignInAsync();
        await FollowAsync(server.First, null);
        server.Store.Silent = true;
        server.Clock.Advance(TimeSpan.FromSeconds(3));
        var answer = await FollowAsync(server.First, null);
        Assert.True(answer.GetProperty("age_ms").GetInt64() > answer.GetProperty("max_staleness_ms").GetInt64());
    }

    private static async Task<JsonElement> FollowAsync(ApiCaller caller, string? after)
    {
        var answer = await caller.GetAsync($"/v1/feed?wait_ms=0{(after is null ? "" : $"&after={after}")}");
        Assert.Equal(200, answer.Status);
        return answer.Json;
    }
}
