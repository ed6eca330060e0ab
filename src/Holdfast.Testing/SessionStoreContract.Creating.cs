using Holdfast.Limits;
using Xunit;

namespace Holdfast.Testing;

public abstract partial class SessionStoreContract
{
    /// <summary>What was put in comes out.</summary>
    [Fact]
    public async Task A_created_session_is_found_as_it_was_made()
    {
        var session = await CreatedAsync();
        var found = await FoundAsync(session.Handle);
        Assert.Equal(SessionCodec.Encode(session), SessionCodec.Encode(found!));
        Assert.Equal((session.LastSeenAt, session.Epoch), (found!.LastSeenAt, found.Epoch));
    }

    /// <summary>No row is made by asking.</summary>
    [Fact]
    [Requirement("SID-03")]
    public async Task An_unknown_handle_is_nobody()
    {
        Assert.Null(await FoundAsync(SessionHandle.New(0)));
        Assert.Null(await Store.ReadDataAsync(SessionHandle.New(0), CancellationToken.None));
    }

    /// <summary>A lost answer may be asked for again.</summary>
    [Fact]
    public async Task Creating_twice_answers_alike_and_makes_one()
    {
        var session = TestSessions.Cookie(await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None));
        var request = TestSessions.New(session, new SessionLimit(1, WhenLimitReached.Refuse));
        Assert.Equal(CreateStatus.Created, (await Store.CreateAsync(request, CancellationToken.None)).Status);
        Assert.Equal(CreateStatus.Created, (await Store.CreateAsync(request, CancellationToken.None)).Status);
        Assert.Equal([session.Handle], await BrowsedAsync());
    }

    /// <summary>Nor does a repeated insert bring it back.</summary>
    [Fact]
    public async Task Creating_an_ended_session_again_is_refused()
    {
        var session = await CreatedAsync();
        await EndedAsync(session.Handle);
        Assert.Equal(CreateStatus.Ended, (await Store.CreateAsync(TestSessions.New(session), CancellationToken.None)).Status);
        Assert.NotNull((await FoundAsync(session.Handle))!.Ending);
    }

    /// <summary>Whoever signs in beyond the limit is refused.</summary>
    [Fact]
    [Requirement("CS-01", "CR-07")]
    public async Task The_limit_is_exact_when_three_hundred_sign_ins_race_and_the_surplus_is_refused()
    {
        var results = await RacedSignInsAsync(300, new SessionLimit(5, WhenLimitReached.Refuse));
        Assert.Equal(5, results.Count(result => result.Status == CreateStatus.Created));
        Assert.Equal(295, results.Count(result => result.Status == CreateStatus.LimitReached));
        Assert.Equal(5, (await BrowsedAsync()).Count);
    }

    /// <summary>Or somebody older has to go.</summary>
    [Theory]
    [InlineData(WhenLimitReached.EndOldest)]
    [InlineData(WhenLimitReached.EndLeastRecent)]
    [Requirement("CS-01", "CR-07")]
    public async Task The_limit_is_exact_when_two_hundred_sign_ins_race_and_older_ones_end(WhenLimitReached policy)
    {
        var results = await RacedSignInsAsync(200, new SessionLimit(5, policy));
        Assert.All(results, result => Assert.Equal(CreateStatus.Created, result.Status));
        Assert.Equal(5, (await BrowsedAsync()).Count);
        Assert.Equal(195, results.SelectMany(result => result.Evicted).Distinct().Count());
    }

    /// <summary>The oldest is the one that began first.</summary>
    [Fact]
    [Requirement("CS-01")]
    public async Task Each_policy_ends_the_one_that_it_names()
    {
        var first = await CreatedAsync();
        Clock.Advance(TimeSpan.FromMinutes(2));
        var second = await CreatedAsync();
        Clock.Advance(TimeSpan.FromMinutes(2));
        await Store.TouchAsync([new SessionTouch(first.Handle, Clock.GetUtcNow(), 0)], CancellationToken.None);

        var reading = await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var third = await Store.CreateAsync(TestSessions.New(TestSessions.Cookie(reading), new SessionLimit(2, WhenLimitReached.EndLeastRecent)), CancellationToken.None);
        Assert.Equal([second.Handle], third.Evicted);
        var fourth = await Store.CreateAsync(TestSessions.New(TestSessions.Cookie(reading), new SessionLimit(2, WhenLimitReached.EndOldest)), CancellationToken.None);
        Assert.Equal([first.Handle], fourth.Evicted);
        Assert.Equal(EndReason.Evicted, (await FoundAsync(first.Handle))!.Ending!.Reason);
        Assert.Null((await FoundAsync(first.Handle))!.Device);
    }

    /// <summary>A session whose time is over takes nobody's place.</summary>
    [Fact]
    public async Task Expired_sessions_do_not_count_towards_the_limit()
    {
        await CreatedAsync();
        Clock.Advance(TestSessions.Absolute);
        var reading = await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var result = await Store.CreateAsync(TestSessions.New(TestSessions.Cookie(reading), new SessionLimit(1, WhenLimitReached.Refuse)), CancellationToken.None);
        Assert.Equal(CreateStatus.Created, result.Status);
    }

    /// <summary>Tenants see nothing of each other.</summary>
    [Fact]
    public async Task Tenants_are_apart()
    {
        var here = await CreatedAsync();
        var there = await CreatedAsync(tenant: "other");
        await Store.EndAllAsync("other", TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        Assert.Equal([here.Handle], await BrowsedAsync());
        Assert.Empty(await BrowsedAsync("other"));
        Assert.NotNull((await FoundAsync(there.Handle))!.Ending);
        Assert.Null((await FoundAsync(here.Handle))!.Ending);
    }

    /// <summary>Subjects may hold any character, the store's own separators included.</summary>
    [Fact]
    public async Task Names_that_look_like_keys_are_only_names()
    {
        string[] subjects = ["a,b", "a", "b", "{x}:y", "a\n", "ä😀", "3:a", new string('x', 256)];
        foreach (var subject in subjects)
        {
            await CreatedAsync(subject);
        }

        foreach (var subject in subjects)
        {
            var page = await Store.ListAsync(TestSessions.Tenant, subject, null, 10, CancellationToken.None);
            Assert.Equal([subject], page.Sessions.Select(session => session.Subject));
        }
    }
}
