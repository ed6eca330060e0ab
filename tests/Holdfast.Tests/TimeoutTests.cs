using CsCheck;
using Holdfast.Auditing;

namespace Holdfast.Tests;

/// <summary>Idle and absolute limits: never early, never late, never without.</summary>
public sealed class TimeoutTests
{
    [Fact]
    [Requirement("TO-01", "TO-03", "TO-04")]
    public async Task An_unused_session_idles_out_and_a_used_one_reaches_its_absolute_end()
    {
        using var engine = await Engine.StartedAsync();
        var unused = await engine.SignInAsync();
        var used = await engine.SignInAsync("grace");
        for (var minute = 0; minute < 12 * 60; minute += 20)
        {
            Assert.Equal(Refusal.None, (await SeenAsync(engine, used)).Refusal);
            engine.Clock.Advance(TimeSpan.FromMinutes(20));
        }

        Assert.Equal(Refusal.Expired, (await engine.CheckAsync(unused.Credentials!)).Refusal);
        Assert.Equal(Refusal.Expired, (await SeenAsync(engine, used)).Refusal);
        Assert.Equal(EndReason.IdledOut, (await engine.CheckAsync(unused.Credentials!)).Session!.Ending!.Reason);
        Assert.Equal(EndReason.Expired, (await engine.CheckAsync(used.Credentials!)).Session!.Ending!.Reason);
    }

    [Fact]
    [Requirement("TO-01", "CR-10")]
    public async Task A_session_is_never_ended_before_its_idle_time_and_at_most_a_minute_after_it()
    {
        using var engine = await Engine.StartedAsync();
        await Gen.Int[0, 90].Array[1, 20].SampleAsync(
            async pauses =>
            {
                var signIn = await engine.SignInAsync();
                foreach (var seconds in pauses)
                {
                    engine.Clock.Advance(TimeSpan.FromSeconds(seconds));
                    Assert.Equal(Refusal.None, (await SeenAsync(engine, signIn)).Refusal);
                }

                engine.Clock.Advance(TestSessions.Idle - TimeSpan.FromMilliseconds(1));
                var early = await engine.Store.FindAsync(signIn.Session!.Handle, CancellationToken.None);
                Assert.Equal(SessionState.Live, SessionPolicy.Judge(early.Session!, early.Now));
                engine.Clock.Advance(SessionPolicy.TouchInterval + TimeSpan.FromMilliseconds(1));
                Assert.Equal(Refusal.Expired, (await engine.CheckAsync(signIn.Credentials!)).Refusal);
            },
            iter: 30,
            threads: 1);
    }

    [Fact]
    [Requirement("CR-10")]
    public async Task Last_seen_is_written_at_most_once_a_minute()
    {
        var counting = new ObservedStore(new MemorySessionStore(TimeProvider.System));
        using var engine = await Engine.StartedAsync(store: counting);
        var signIn = await engine.SignInAsync();
        var before = counting.Writes;
        for (var request = 0; request < 1000; request++)
        {
            await SeenAsync(engine, signIn);
        }

        Assert.Equal(0, counting.Writes - before);
    }

    [Fact]
    [Requirement("TO-07", "TO-04")]
    public async Task A_verdict_of_expiry_is_written_so_that_neither_a_late_touch_nor_a_clock_that_steps_back_revives_it()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        engine.Clock.Advance(TestSessions.Idle + SessionPolicy.TouchInterval);
        Assert.Equal(Refusal.Expired, (await engine.CheckAsync(signIn.Credentials!)).Refusal);
        engine.Touches.Add(new SessionTouch(signIn.Session!.Handle, engine.Clock.GetUtcNow(), 0));
        await engine.Touches.FlushAsync(CancellationToken.None);
        Assert.Equal(Refusal.Expired, (await engine.CheckAsync(signIn.Credentials!)).Refusal);

        // The same record judged by an earlier clock: the ending stands in it.
        var tombstone = (await engine.Store.FindAsync(signIn.Session.Handle, CancellationToken.None)).Session!;
        Assert.Equal(SessionState.Ended, SessionPolicy.Judge(tombstone, tombstone.CreatedAt));
        Assert.Single(await engine.EventsAsync(), one => one.Type == SessionEventType.SessionExpired);
    }

    [Fact]
    [Requirement("TO-06")]
    public async Task Refreshing_and_checking_are_not_use()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        for (var minute = 0; minute < 40; minute += 5)
        {
            await engine.CheckAsync(signIn.Credentials!, renew: false);
            engine.Clock.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.Equal(Refusal.Expired, (await engine.CheckAsync(signIn.Credentials!, renew: false)).Refusal);
    }

    [Fact]
    [Requirement("TO-01", "SID-13")]
    public async Task A_remembered_session_has_limits_of_its_own()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync(remembered: true);
        Assert.Equal((TimeSpan.FromDays(7), TimeSpan.FromDays(30)), (signIn.Session!.IdleTimeout, signIn.Session.ExpiresAt - signIn.Session.CreatedAt));
        Assert.False((await engine.SignInAsync()).Session!.Remembered);
    }

    [Fact]
    [Requirement("AU-01", "CR-09")]
    public async Task Clean_up_records_each_expiry_once()
    {
        using var engine = await Engine.StartedAsync();
        for (var index = 0; index < 700; index++)
        {
            await engine.SignInAsync($"user{index}");
        }

        engine.Clock.Advance(TestSessions.Absolute);
        Assert.Equal(700, await engine.Maintenance.CleanUpAsync(CancellationToken.None));
        Assert.Equal(0, await engine.Maintenance.CleanUpAsync(CancellationToken.None));
        Assert.Equal(700, (await engine.EventsAsync()).Count(one => one.Type == SessionEventType.SessionExpired));
    }

    [Fact]
    public async Task Touches_that_the_store_did_not_take_are_kept()
    {
        var store = new ObservedStore(new MemorySessionStore(TimeProvider.System));
        var buffer = new TouchBuffer(store);
        var reading = await store.ReadSubjectAsync(Engine.Tenant, Engine.Ada, CancellationToken.None);
        var session = TestSessions.Cookie(reading with { Now = reading.Now - TimeSpan.FromMinutes(5) });
        await store.CreateAsync(TestSessions.New(session), CancellationToken.None);
        buffer.Add(new SessionTouch(session.Handle, reading.Now, 0));
        store.Silent = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => buffer.FlushAsync(CancellationToken.None));
        store.Silent = false;
        await buffer.FlushAsync(CancellationToken.None);
        Assert.Equal(reading.Now, (await store.FindAsync(session.Handle, CancellationToken.None)).Session!.LastSeenAt);
    }

    private static async Task<SessionCheck> SeenAsync(Engine engine, SignInResult signIn)
    {
        var found = await engine.Store.FindAsync(signIn.Session!.Handle, CancellationToken.None);
        if (found.Session is { Ending: null } session && SessionPolicy.Judge(session, found.Now) == SessionState.Live)
        {
            var check = new SessionCheck(Refusal.None, session, found.Now);
            engine.Sessions.Seen(check);
            await engine.Touches.FlushAsync(CancellationToken.None);
            return check;
        }

        return await engine.CheckAsync(signIn.Credentials!, renew: false);
    }
}
