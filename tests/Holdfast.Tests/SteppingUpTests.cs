using Holdfast.Auditing;
using Holdfast.Tokens;

namespace Holdfast.Tests;

/// <summary>Step-up: proving more within a session, for a while.</summary>
public sealed class SteppingUpTests
{
    private static readonly StepUp Otp = new("aal2", ["pwd", "otp"]);

    [Fact]
    [Requirement("SU-06")]
    public async Task A_step_up_keeps_the_handle_and_replaces_the_cookie()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        var stepUp = await engine.Sessions.StepUpAsync(signIn.Session!.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        var check = await engine.CheckAsync(stepUp.Credentials!);
        Assert.Equal(signIn.Session.Handle, check.Session!.Handle);
        Assert.Equal("aal2", SessionPolicy.AssuranceAt(check.Session, check.Now).Acr);
        Assert.NotEqual(signIn.Credentials!.Cookie!.Reveal(), stepUp.Credentials!.Cookie!.Reveal());
        Assert.Equal(Refusal.Missing, (await engine.CheckAsync(signIn.Credentials)).Refusal);
        Assert.Single(await engine.EventsAsync(), one => one.Type == SessionEventType.SteppedUp);
    }

    [Fact]
    [Requirement("SU-06")]
    public async Task The_old_cookie_never_gains_what_was_proven_and_never_leads_to_the_new_one()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        var stepUp = await engine.Sessions.StepUpAsync(signIn.Session!.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        engine.Clock.Advance(TimeSpan.FromMinutes(16));
        var old = await engine.CheckAsync(signIn.Credentials!);
        Assert.Equal((Refusal.None, "aal1"), (old.Refusal, SessionPolicy.AssuranceAt(old.Session!, old.Now).Acr));
        Assert.Null(old.RenewedCookie);
        Assert.Equal(Refusal.None, (await engine.CheckAsync(stepUp.Credentials!)).Refusal);
        Assert.Equal(Refusal.Missing, (await engine.CheckAsync(signIn.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("SU-06", "RT-04")]
    public async Task A_step_up_whose_answer_is_lost_signs_nobody_out_and_can_be_repeated()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        await engine.Sessions.StepUpAsync(signIn.Session!.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        await engine.Sessions.StepUpAsync(signIn.Session.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.None, (await engine.CheckAsync(signIn.Credentials!)).Refusal);
        var third = await engine.Sessions.StepUpAsync(signIn.Session.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.None, (await engine.CheckAsync(third.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("SU-07", "JWT-12")]
    public async Task When_elevation_ends_the_session_falls_back_and_lives_on()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        var stepUp = await engine.Sessions.StepUpAsync(signIn.Session!.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        engine.Clock.Advance(engine.Options.ElevationLifetime - TimeSpan.FromMilliseconds(1));
        var before = await engine.CheckAsync(stepUp.Credentials!);
        Assert.Equal("aal2", SessionPolicy.AssuranceAt(before.Session!, before.Now).Acr);
        engine.Clock.Advance(TimeSpan.FromMilliseconds(1));
        var after = await engine.CheckAsync(stepUp.Credentials!);
        Assert.Equal((Refusal.None, signIn.Session.Assurance), (after.Refusal, SessionPolicy.AssuranceAt(after.Session!, after.Now)));
    }

    [Fact]
    [Requirement("SU-06", "SU-07", "JWT-12")]
    public async Task Access_tokens_from_before_die_and_none_outlives_the_elevation_it_tells_of()
    {
        using var engine = await Engine.StartedAsync(options =>
            (options.ElevationLifetime, options.AccessTokenLifetime) = (TimeSpan.FromMinutes(7), TimeSpan.FromMinutes(5)));
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        var stepUp = await engine.Sessions.StepUpAsync(signIn.Session!.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.TokenExpired, (await engine.CheckTokenAsync(signIn.Credentials!)).Refusal);
        Assert.Equal("aal2", (await engine.CheckTokenAsync(stepUp.Credentials!)).Token!.Assurance.Acr);

        engine.Clock.Advance(TimeSpan.FromMinutes(4));
        var elevated = await engine.RefreshAsync(signIn.Credentials!.RefreshToken);
        Assert.Equal(TimeSpan.FromMinutes(3), elevated.Credentials!.AccessToken!.Lifetime);
        engine.Clock.Advance(TimeSpan.FromMinutes(3));
        var after = await engine.RefreshAsync(elevated.Credentials.RefreshToken);
        Assert.Equal("aal1", (await engine.CheckTokenAsync(after.Credentials!)).Token!.Assurance.Acr);
    }

    [Fact]
    [Requirement("SU-05")]
    public void Freshness_fails_closed()
    {
        var now = new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);
        var maxAge = TimeSpan.FromMinutes(5);
        bool Fresh(DateTimeOffset? authTime) => SessionPolicy.IsFresh(new Assurance(authTime, null, []), now, maxAge);
        Assert.True(Fresh(now));
        Assert.True(Fresh(now - maxAge));
        Assert.False(Fresh(now - maxAge - TimeSpan.FromMilliseconds(1)));
        Assert.True(Fresh(now + TimeSpan.FromSeconds(60)));
        Assert.False(Fresh(now + TimeSpan.FromSeconds(61)));
        Assert.False(Fresh(null));
        Assert.False(Fresh(DateTimeOffset.MinValue));
        Assert.False(Fresh(DateTimeOffset.MaxValue));
    }

    [Fact]
    public async Task An_ended_session_cannot_be_stepped_up()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        await engine.Sessions.EndAsync(signIn.Session!.Handle, EndReason.SignedOut, Engine.Browser, CancellationToken.None);
        Assert.Null((await engine.Sessions.StepUpAsync(signIn.Session.Handle, Otp, engine.Terms, Engine.Browser, CancellationToken.None)).Session);
        Assert.False(await engine.Sessions.ApproveAsync(signIn.Session.Handle, "anything", Engine.Browser, CancellationToken.None));
    }

    [Fact]
    [Requirement("SU-03")]
    public async Task An_approval_is_for_one_operation_and_one_use_even_when_many_race_for_it()
    {
        using var engine = await Engine.StartedAsync();
        var handle = (await engine.SignInAsync()).Session!.Handle;
        await engine.Sessions.ApproveAsync(handle, "transfer|to=bob|amount=10", Engine.Browser, CancellationToken.None);
        Assert.False(await engine.Sessions.TakeApprovalAsync(handle, "transfer|to=eve|amount=10", CancellationToken.None));
        var takers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
            await engine.Sessions.TakeApprovalAsync(handle, "transfer|to=bob|amount=10", CancellationToken.None))));
        Assert.Single(takers, taken => taken);
    }

    [Fact]
    [Requirement("SU-03")]
    public async Task An_approval_ends_after_five_minutes_and_is_not_the_applications_data()
    {
        using var engine = await Engine.StartedAsync();
        var handle = (await engine.SignInAsync()).Session!.Handle;
        await engine.Sessions.ApproveAsync(handle, "delete", Engine.Browser, CancellationToken.None);
        Assert.Empty((await engine.Sessions.ReadDataAsync(handle, CancellationToken.None))!.Fields);
        engine.Clock.Advance(SessionManager.ApprovalLifetime);
        Assert.False(await engine.Sessions.TakeApprovalAsync(handle, "delete", CancellationToken.None));
    }
}
