using CsCheck;
using Xunit;

namespace Holdfast.Testing;

public abstract partial class SessionStoreContract
{
    /// <summary>Forward only, never past now, and without a new version.</summary>
    [Fact]
    [Requirement("CR-10", "TO-07")]
    public async Task Touches_move_last_seen_forward_only_and_never_past_the_stores_clock()
    {
        var session = await CreatedAsync();
        Clock.Advance(TimeSpan.FromMinutes(10));
        var now = Clock.GetUtcNow();
        await Store.TouchAsync([new SessionTouch(session.Handle, now, 0)], CancellationToken.None);
        await Store.TouchAsync([new SessionTouch(session.Handle, now - TimeSpan.FromMinutes(5), 0)], CancellationToken.None);
        Assert.Equal(now, (await FoundAsync(session.Handle))!.LastSeenAt);
        await Store.TouchAsync([new SessionTouch(session.Handle, now + TimeSpan.FromDays(3), 0)], CancellationToken.None);
        var found = (await FoundAsync(session.Handle))!;
        Assert.InRange(found.LastSeenAt, now, now + TimeSpan.FromSeconds(30));
        Assert.Equal(1, found.Version);
    }

    /// <summary>A rotation that read the record before a touch does not take the touch back.</summary>
    [Fact]
    public async Task A_replacement_keeps_the_greater_last_seen_and_confirmation()
    {
        var reading = await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var session = TestSessions.Tokens(reading);
        await Store.CreateAsync(TestSessions.New(session), CancellationToken.None);
        Clock.Advance(TimeSpan.FromMinutes(10));
        await Store.TouchAsync([new SessionTouch(session.Handle, Clock.GetUtcNow(), 1)], CancellationToken.None);
        Assert.True(await Store.ReplaceAsync(session with { Version = 2 }, 1, CancellationToken.None));
        var found = (await FoundAsync(session.Handle))!;
        Assert.Equal((Clock.GetUtcNow(), 1), (found.LastSeenAt, found.Refresh!.ConfirmedGeneration));
    }

    /// <summary>Clean-up tells each expiry once, on whichever node, and spares the living.</summary>
    [Fact]
    [Requirement("CR-09")]
    public async Task Clean_up_on_two_nodes_tells_each_expiry_once_and_spares_the_living()
    {
        var other = await AnotherNodeAsync();
        var dying = new List<SessionHandle>();
        for (var index = 0; index < 300; index++)
        {
            dying.Add((await CreatedAsync($"user{index % 10}")).Handle);
        }

        // And a second: a remote store's clock stands a little beside the test's.
        Clock.Advance(TestSessions.Idle + SessionPolicy.TouchInterval + TimeSpan.FromSeconds(1));
        var living = await CreatedAsync();
        var told = await AtOnceAsync(8, async index =>
        {
            var mine = new List<ExpiredSession>();
            PurgeResult step;
            do
            {
                step = await (index % 2 == 0 ? Store : other).PurgeAsync(20, CancellationToken.None);
                mine.AddRange(step.Expired);
            }
            while (step.More);
            return mine;
        });
        Assert.Equivalent(dying, told.SelectMany(one => one).Select(one => one.Handle).ToList(), strict: true);
        Assert.All(told.SelectMany(one => one), one => Assert.Equal(EndReason.IdledOut, one.Reason));
        Assert.Equal([living.Handle], await BrowsedAsync());
    }

    /// <summary>A touched session is not expired, and one at its absolute end is, touched or not.</summary>
    [Fact]
    [Requirement("TO-01", "TO-03")]
    public async Task Clean_up_follows_touches_and_the_absolute_end()
    {
        var session = await CreatedAsync();
        for (var elapsed = TimeSpan.Zero; elapsed < TestSessions.Absolute - TimeSpan.FromMinutes(20); elapsed += TimeSpan.FromMinutes(20))
        {
            Clock.Advance(TimeSpan.FromMinutes(20));
            await Store.TouchAsync([new SessionTouch(session.Handle, Clock.GetUtcNow(), 0)], CancellationToken.None);
            Assert.Empty(await PurgedAsync());
        }

        // And a second, as above.
        Clock.Advance(TimeSpan.FromMinutes(20) + TimeSpan.FromSeconds(1));
        Assert.Equal([EndReason.Expired], (await PurgedAsync()).Select(one => one.Reason));
    }

    /// <summary>An ending is remembered for as long as a token could meet it, then forgotten.</summary>
    [Fact]
    [Requirement("RT-11", "CR-09")]
    public async Task Endings_are_remembered_and_then_forgotten()
    {
        var session = await CreatedAsync();
        await EndedAsync(session.Handle);
        Clock.Advance(SessionPolicy.EndingMemory - TimeSpan.FromMinutes(1));
        await PurgedAsync();
        Assert.NotNull((await FoundAsync(session.Handle))!.Ending);
        Clock.Advance(TimeSpan.FromMinutes(2));
        await PurgedAsync();
        Assert.Null(await FoundAsync(session.Handle));
    }

    /// <summary>Forgetting an epoch revives nobody.</summary>
    [Fact]
    [Requirement("LO-06")]
    public async Task What_end_all_ended_stays_ended_when_its_epoch_is_forgotten()
    {
        var dead = await CreatedAsync();
        await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        var alive = await CreatedAsync();
        for (var hour = 0; hour < 6; hour++)
        {
            Clock.Advance(TimeSpan.FromMinutes(25));
            await Store.TouchAsync([new SessionTouch(alive.Handle, Clock.GetUtcNow(), 0)], CancellationToken.None);
            await PurgedAsync();
        }

        Assert.Null(await FoundAsync(dead.Handle));
        Assert.Null((await FoundAsync(alive.Handle))!.Ending);
        await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        Assert.NotNull((await FoundAsync(alive.Handle))!.Ending);
    }

    /// <summary>Newest first, in pages.</summary>
    [Fact]
    [Requirement("CS-02")]
    public async Task A_subjects_sessions_are_listed_newest_first_and_each_once()
    {
        var made = new List<SessionHandle>();
        for (var index = 0; index < 23; index++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            made.Insert(0, (await CreatedAsync()).Handle);
            await CreatedAsync("grace");
        }

        await EndedAsync(made[5]);
        made.RemoveAt(5);
        var listed = new List<SessionHandle>();
        string? cursor = null;
        do
        {
            var page = await Store.ListAsync(TestSessions.Tenant, TestSessions.Ada, cursor, 5, CancellationToken.None);
            Assert.True(page.Sessions.Length <= 5);
            listed.AddRange(page.Sessions.Select(session => session.Handle));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(made, listed);
        var browsed = await BrowsedAsync();
        Assert.Equal((45, 45), (browsed.Count, browsed.Distinct().Count()));
    }

    /// <summary>A made-up cursor is the caller's mistake.</summary>
    [Theory]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("99.AAAA'; DROP TABLE sessions")]
    public Task A_malformed_cursor_is_refused(string cursor) => Assert.ThrowsAsync<ArgumentException>(
        async () => await Store.BrowseAsync(TestSessions.Tenant, cursor, 5, CancellationToken.None));

    /// <summary>A caller that is gone takes nothing with it.</summary>
    [Fact]
    public async Task Cancelled_calls_leave_a_store_that_works()
    {
        var session = await CreatedAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.FindAsync(session.Handle, new CancellationToken(true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.ReplaceAsync(session with { Version = 2 }, 1, new CancellationToken(true)));
        await AtOnceAsync(100, async index =>
        {
            using var cancellation = new CancellationTokenSource();
            var writing = WriteAsync(session.Handle, cancellation, index);
            await cancellation.CancelAsync();
            return await writing;
        });
        Assert.Equal(1, (await FoundAsync(session.Handle))!.Version);
        Assert.Equal(Holdfast.Data.DataWriteStatus.Written, await WriteAsync(session.Handle, "after", "all"));
        Assert.True(await EndedAsync(session.Handle));
    }

    /// <summary>Invariant 1, for any order of verbs: once a session has ended, it never lives again.</summary>
    [Fact]
    [Requirement("LO-01", "RT-10")]
    public Task Whatever_happens_in_whatever_order_ended_is_ended() => Gen.Int[0, 6].Array[1, 25].SampleAsync(
        async verbs =>
        {
            var subject = SessionHandle.New(0).ToString();
            var session = await CreatedAsync(subject);
            var ended = false;
            foreach (var verb in verbs)
            {
                ended |= await ApplyAsync(verb, session, subject);
                var found = await FoundAsync(session.Handle);
                Assert.Equal(ended, found?.Ending is not null);
                Assert.Equal(!ended, (await Store.ListAsync(TestSessions.Tenant, subject, null, 50, CancellationToken.None)).Sessions.Any(one => one.Handle == session.Handle));
            }
        },
        iter: 40,
        threads: 1);

    // True if the verb must have ended the session.
    private async Task<bool> ApplyAsync(int verb, Session session, string subject)
    {
        var current = (await FoundAsync(session.Handle))!;
        switch (verb)
        {
            case 0:
                await Store.TouchAsync([new SessionTouch(session.Handle, Clock.GetUtcNow(), 3)], CancellationToken.None);
                return false;
            case 1:
                await Store.ReplaceAsync(current with { Version = current.Version + 1, Ending = null }, current.Version, CancellationToken.None);
                return false;
            case 2:
                await WriteAsync(session.Handle, "cart", "1");
                return false;
            case 3:
                await Store.CreateAsync(TestSessions.New(session), CancellationToken.None);
                return false;
            case 4:
                await Store.PurgeAsync(50, CancellationToken.None);
                return false;
            case 5:
                await Store.EndAllAsync(TestSessions.Tenant, subject, null, EndReason.Revoked, CancellationToken.None);
                return true;
            default:
                await EndedAsync(session.Handle);
                return true;
        }
    }

    private async Task<bool> WriteAsync(SessionHandle handle, CancellationTokenSource cancellation, int index)
    {
        try
        {
            await Store.WriteDataAsync(
                handle, [new Holdfast.Data.DataChange($"field{index}", "x"u8.ToArray())], 65_536, cancellation.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
