using Holdfast.Auditing;

namespace Holdfast.Tests.Freshness;

/// <summary>Two nodes on one store: what they answer from memory, and when they ask.</summary>
public sealed class MemoryTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = new HoldfastOptions().MaxStaleness;

    private ObservedStore _store = null!;
    private Engine _here = null!;
    private Engine _there = null!;

    public async ValueTask InitializeAsync()
    {
        var secret = Engine.NewSecret();
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        _store = new ObservedStore(new MemorySessionStore(clock));
        _here = await Engine.StartedAsync(store: _store, secret: secret, clock: clock);
        _there = await Engine.StartedAsync(store: _store, secret: secret, clock: clock);
        Assert.True(await _here.CatchUpAsync() && await _there.CatchUpAsync());
    }

    public ValueTask DisposeAsync()
    {
        _here.Dispose();
        _there.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_cookie_costs_one_read_and_then_none()
    {
        var signedIn = await _here.SignInAsync();
        var before = _store.Reads;
        Assert.Equal(Refusal.None, (await _there.CheckAsync(signedIn.Credentials!)).Refusal);
        Assert.Equal(1, _store.Reads - before);
        var warm = await _there.CheckAsync(signedIn.Credentials!);
        Assert.Equal(1, _store.Reads - before);
        Assert.Equal((Engine.Ada, signedIn.Session!.Handle), (warm.Subject, warm.Handle));
    }

    [Fact]
    [Requirement("JWT-04")]
    public async Task An_access_token_costs_no_read_not_even_the_first_time()
    {
        var signedIn = await _here.SignInAsync(transport: SessionTransport.Tokens);
        var before = _store.Reads;
        var check = await _there.CheckTokenAsync(signedIn.Credentials!);
        Assert.Equal((Refusal.None, Engine.Ada, 0), (check.Refusal, check.Subject, _store.Reads - before));
        Assert.Null(check.Session);
    }

    [Fact]
    public async Task What_is_remembered_says_what_the_store_says_but_for_the_device_and_the_secrets()
    {
        var signedIn = await _here.SignInAsync();
        await _here.Sessions.StepUpAsync(signedIn.Session!.Handle, new StepUp("aal2", ["pwd", "otp"]), _here.Terms, Engine.Browser, CancellationToken.None);
        var other = await _here.SignInAsync("bob", remembered: true);
        foreach (var credentials in new[] { other.Credentials! })
        {
            await _here.CheckAsync(credentials);
            var remembered = (await _here.CheckAsync(credentials)).Session!;
            var stored = (await _store.FindAsync(remembered.Handle, CancellationToken.None)).Session!;
            Assert.Equal(stored.Claims, remembered.Claims);
            Assert.Equal(stored with { Version = 0, Cookie = null, Device = null, Claims = [] }, remembered with { Claims = [] });
        }
    }

    [Theory]
    [InlineData("one")]
    [InlineData("others")]
    [InlineData("all")]
    [InlineData("everyone")]
    [Requirement("LO-01", "LO-03")]
    public async Task An_ending_elsewhere_is_obeyed_as_soon_as_it_is_pulled_and_in_any_case_within_the_bound(string what)
    {
        var cookie = await _here.SignInAsync();
        var tokens = await _here.SignInAsync(transport: SessionTransport.Tokens);
        await _there.CheckAsync(cookie.Credentials!);
        await _there.CheckTokenAsync(tokens.Credentials!);
        await EndAsync(what, cookie.Session!.Handle);
        await EndAsync(what, tokens.Session!.Handle);
        _there.Clock.Advance(Bound);
        Assert.NotEqual(Refusal.None, (await _there.CheckAsync(cookie.Credentials!)).Refusal);
        Assert.NotEqual(Refusal.None, (await _there.CheckTokenAsync(tokens.Credentials!)).Refusal);
        Assert.True(await _there.CatchUpAsync());
        Assert.NotEqual(Refusal.None, (await _there.CheckAsync(cookie.Credentials!)).Refusal);
        Assert.NotEqual(Refusal.None, (await _there.CheckTokenAsync(tokens.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("LO-01")]
    public async Task An_ending_here_is_obeyed_here_at_once()
    {
        var signedIn = await _here.SignInAsync();
        await _here.CheckAsync(signedIn.Credentials!);
        await _here.Sessions.EndAsync(signedIn.Session!.Handle, EndReason.SignedOut, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.Revoked, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("CR-08")]
    public async Task A_silent_store_is_bridged_for_the_bound_and_not_longer_and_a_lapsed_lease_recovers_by_itself()
    {
        var signedIn = await _here.SignInAsync();
        await _here.CheckAsync(signedIn.Credentials!);
        _store.Silent = true;
        Assert.False(await _here.CatchUpAsync());
        _here.Clock.Advance(Bound - TimeSpan.FromMilliseconds(1));
        Assert.Equal(Refusal.None, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
        _here.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _here.CheckAsync(signedIn.Credentials!));
        _store.Silent = false;
        Assert.Equal(Refusal.None, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
        Assert.True(await _here.CatchUpAsync());
        var before = _store.Reads;
        Assert.Equal(Refusal.None, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
        Assert.Equal(before, _store.Reads);
    }

    [Fact]
    public async Task While_the_lease_has_lapsed_one_read_serves_everybody_for_as_long_as_the_bound()
    {
        var signedIn = await _here.SignInAsync();
        _here.Clock.Advance(Bound);
        var before = _store.Reads;
        for (var time = 0; time < 100; time++)
        {
            Assert.Equal(Refusal.None, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
        }

        Assert.Equal(1, _store.Reads - before);
        await _there.Sessions.EndAsync(signedIn.Session!.Handle, EndReason.Revoked, Engine.Browser, CancellationToken.None);
        _here.Clock.Advance(Bound);
        Assert.Equal(Refusal.Revoked, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("TO-04", "TO-07")]
    public async Task Limits_hold_in_memory_by_the_stores_clock_and_never_early()
    {
        var signedIn = await _here.SignInAsync();
        await _here.CheckAsync(signedIn.Credentials!);
        _here.Clock.Advance(_here.Options.IdleTimeout + SessionPolicy.TouchInterval - TimeSpan.FromMilliseconds(1));
        await _here.CatchUpAsync();
        Assert.Equal(Refusal.None, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
        _here.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(Refusal.Expired, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("TO-03")]
    public async Task A_use_that_was_answered_from_memory_keeps_the_session_and_is_told_once_a_minute()
    {
        var signedIn = await _here.SignInAsync();
        for (var minute = 0; minute < 90; minute++)
        {
            _here.Clock.Advance(TimeSpan.FromMinutes(1));
            await _here.CatchUpAsync();
            for (var request = 0; request < 3; request++)
            {
                var check = await _here.CheckAsync(signedIn.Credentials!);
                Assert.Equal(Refusal.None, check.Refusal);
                _here.Sessions.Seen(check);
            }

            var writes = _store.Writes;
            await _here.Touches.FlushAsync(CancellationToken.None);
            Assert.InRange(_store.Writes - writes, 0, 1);
        }
    }

    [Fact]
    [Requirement("SU-06")]
    public async Task A_step_up_elsewhere_makes_older_tokens_ask_for_a_refresh()
    {
        var signedIn = await _here.SignInAsync(transport: SessionTransport.Tokens);
        Assert.Equal(Refusal.None, (await _there.CheckTokenAsync(signedIn.Credentials!)).Refusal);
        await _here.Sessions.StepUpAsync(signedIn.Session!.Handle, new StepUp("aal2", ["otp"]), _here.Terms, Engine.Browser, CancellationToken.None);
        await _there.CatchUpAsync();
        Assert.Equal(Refusal.TokenExpired, (await _there.CheckTokenAsync(signedIn.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("RT-02")]
    public async Task A_generation_that_was_seen_only_in_memory_is_confirmed_all_the_same()
    {
        var signedIn = await _here.SignInAsync(transport: SessionTransport.Tokens);
        var refreshed = await _here.RefreshAsync(signedIn.Credentials!.RefreshToken);
        await _there.CheckTokenAsync(refreshed.Credentials!);
        await _there.Touches.FlushAsync(CancellationToken.None);
        _here.Clock.Advance(_here.Options.RefreshRetryWindow + TimeSpan.FromSeconds(1));
        Assert.Equal(Refusal.TokenReused, (await _here.RefreshAsync(signedIn.Credentials.RefreshToken)).Refusal);
    }

    [Fact]
    [Requirement("SID-06")]
    public async Task A_wrong_secret_is_asked_of_the_store_once_a_second_and_says_nothing_about_the_right_one()
    {
        var signedIn = await _here.SignInAsync();
        var wrong = Holdfast.Tokens.SessionCookie.New(_here.Keys, signedIn.Session!.Handle).ToText();
        await _here.CheckAsync(wrong);
        var before = _store.Reads;
        for (var time = 0; time < 10; time++)
        {
            Assert.Equal(Refusal.Missing, (await _here.CheckAsync(wrong)).Refusal);
        }

        Assert.Equal(before, _store.Reads);
        Assert.Equal(Refusal.None, (await _here.CheckAsync(signedIn.Credentials!)).Refusal);
        Assert.Equal(11, (await _here.EventsAsync()).Count(one => one.Type == SessionEventType.CredentialRejected));
    }

    [Fact]
    public async Task Another_tenant_is_never_answered_from_memory()
    {
        var signedIn = await _here.SignInAsync();
        await _here.CheckAsync(signedIn.Credentials!);
        var check = await _here.Sessions.CheckCookieAsync(signedIn.Credentials!.Cookie!.Reveal(), "elsewhere", true, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.Missing, check.Refusal);
    }

    [Fact]
    public async Task An_idle_hour_costs_pulls_and_nothing_else()
    {
        var signedIn = await _here.SignInAsync();
        await _here.CheckAsync(signedIn.Credentials!);
        var (reads, writes) = (_store.Reads, _store.Writes);
        for (var second = 0; second < 3600; second++)
        {
            _here.Clock.Advance(TimeSpan.FromSeconds(1));
            await _here.CatchUpAsync();
        }

        Assert.Equal((reads, writes), (_store.Reads, _store.Writes));
    }

    private async Task EndAsync(string what, SessionHandle handle)
    {
        switch (what)
        {
            case "one":
                await _here.Sessions.EndAsync(handle, EndReason.Revoked, Engine.Browser, CancellationToken.None);
                break;
            case "others":
                var kept = await _here.SignInAsync();
                await _here.Sessions.EndAllAsync(Engine.Tenant, Engine.Ada, kept.Session!.Handle, EndReason.EndedByUser, Engine.Browser, CancellationToken.None);
                break;
            case "all":
                await _here.Sessions.EndAllAsync(Engine.Tenant, Engine.Ada, null, EndReason.Revoked, Engine.Browser, CancellationToken.None);
                break;
            default:
                await _here.Sessions.EndEveryoneAsync(Engine.Tenant, Engine.Browser, CancellationToken.None);
                break;
        }
    }
}
