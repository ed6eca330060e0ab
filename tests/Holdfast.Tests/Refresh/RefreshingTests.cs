using Holdfast.Auditing;
using Holdfast.Tokens;

namespace Holdfast.Tests.Refresh;

/// <summary>Refresh tokens in the engine: what stands in the store decides, in whatever order requests come.</summary>
public sealed class RefreshingTests
{
    [Fact]
    [Requirement("RT-03", "RT-04", "RT-05")]
    public async Task Two_hundred_parallel_refreshes_on_two_nodes_get_one_successor_and_no_alarm()
    {
        var secret = Engine.NewSecret();
        using var one = await Engine.StartedAsync(secret: secret);
        using var other = await Engine.StartedAsync(store: one.Store, secret: secret, clock: one.Clock);
        var signIn = await one.SignInAsync(transport: SessionTransport.Tokens);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(index =>
            Task.Run(() => (index % 2 == 0 ? one : other).RefreshAsync(signIn.Credentials!.RefreshToken))));
        Assert.All(answers, answer => Assert.Equal(Refusal.None, answer.Refusal));
        Assert.Single(answers.Select(answer => answer.Credentials!.RefreshToken!.Reveal()).Distinct());
        Assert.DoesNotContain(await one.EventsAsync(), one => one.Outcome == EventOutcome.Alert);
        Assert.Single((await one.EventsAsync()).Concat(await other.EventsAsync()), one => one.Type == SessionEventType.TokenRefreshed);
    }

    [Fact]
    [Requirement("RT-02", "AU-07")]
    public async Task Reuse_ends_the_session_its_access_tokens_and_raises_an_alert()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        var second = await engine.RefreshAsync(signIn.Credentials!.RefreshToken);
        var third = await engine.RefreshAsync(second.Credentials!.RefreshToken);
        Assert.Equal(Refusal.TokenReused, (await engine.RefreshAsync(signIn.Credentials.RefreshToken)).Refusal);
        Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(third.Credentials!.RefreshToken)).Refusal);
        Assert.Equal(Refusal.Revoked, (await engine.CheckTokenAsync(third.Credentials)).Refusal);
        Assert.Single(await engine.EventsAsync(), one => one is { Type: SessionEventType.TokenReused, Outcome: EventOutcome.Alert });
    }

    [Fact]
    [Requirement("RT-06", "JWT-12", "JWT-13", "SU-01")]
    public async Task Rotation_moves_neither_the_absolute_end_nor_what_was_proven()
    {
        using var engine = await Engine.StartedAsync(options => options.RefreshAbsoluteTimeout = TimeSpan.FromDays(10));
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        var token = signIn.Credentials!.RefreshToken;
        for (var day = 0; day < 9; day++)
        {
            engine.Clock.Advance(TimeSpan.FromDays(1));
            await engine.Maintenance.RotateKeysAsync(CancellationToken.None);
            var next = await engine.RefreshAsync(token);
            Assert.Equal(signIn.Session!.ExpiresAt, next.Session!.ExpiresAt);
            Assert.Equal(signIn.Session.Assurance, next.Session.Assurance);
            Assert.Equal(signIn.Session.Assurance.AuthTime!.Value.ToUnixTimeSeconds(), (await engine.CheckTokenAsync(next.Credentials!)).Token!.Assurance.AuthTime!.Value.ToUnixTimeSeconds());
            token = next.Credentials!.RefreshToken;
        }

        engine.Clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(60));
        var last = await engine.RefreshAsync(token);
        Assert.True(last.Credentials!.AccessToken!.ExpiresAt <= signIn.Session!.ExpiresAt);
        engine.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(last.Credentials.RefreshToken)).Refusal);
    }

    [Fact]
    [Requirement("RT-07")]
    public async Task A_refresh_token_that_went_unused_too_long_is_refused()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        engine.Clock.Advance(engine.Options.RefreshIdleTimeout + SessionPolicy.TouchInterval);
        Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(signIn.Credentials!.RefreshToken)).Refusal);
        Assert.Contains(await engine.EventsAsync(), one => one is { Type: SessionEventType.SessionExpired, Reason: "idled_out" });
    }

    [Fact]
    [Requirement("RT-10", "LO-04")]
    public async Task Ending_all_sessions_of_the_subject_ends_its_families()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        await engine.Sessions.EndAllAsync(Engine.Tenant, Engine.Ada, null, EndReason.AccountChanged, Caller.Application, CancellationToken.None);
        Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(signIn.Credentials!.RefreshToken)).Refusal);
        Assert.Equal(Refusal.Revoked, (await engine.CheckTokenAsync(signIn.Credentials)).Refusal);
    }

    [Fact]
    [Requirement("RT-12")]
    public async Task Neither_kind_of_token_passes_for_the_other_nor_for_a_cookie()
    {
        using var engine = await Engine.StartedAsync();
        var tokens = (await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!;
        var cookie = (await engine.SignInAsync()).Credentials!.Cookie!;
        Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(tokens.AccessToken!.Text)).Refusal);
        Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(cookie)).Refusal);
        Assert.Equal(Refusal.Missing, (await engine.CheckAsync(tokens.RefreshToken!)).Refusal);
        Assert.Equal(Refusal.Missing, (await engine.CheckAsync(tokens.AccessToken.Text)).Refusal);
        Assert.Equal(Refusal.TokenInvalid, (await engine.Sessions.CheckAccessTokenAsync(tokens.RefreshToken!.Reveal(), engine.Terms, Engine.Browser, CancellationToken.None)).Refusal);
    }

    [Fact]
    [Requirement("RT-02", "ER-04")]
    public async Task Unknown_malformed_and_foreign_tokens_are_one_answer()
    {
        using var engine = await Engine.StartedAsync();
        var genuine = (await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.RefreshToken!.Reveal();
        string?[] presented = [null, "", "hfr_", genuine[..^1], genuine + "A", genuine + genuine, genuine.ToUpperInvariant(), new string('A', 10_240), "hfr_" + new string('é', 92)];
        foreach (var text in presented)
        {
            Assert.Equal(Refusal.TokenInvalid, (await engine.Sessions.RefreshAsync(text, engine.Terms, Engine.Browser, CancellationToken.None)).Refusal);
        }

        Assert.Equal(Refusal.TokenInvalid, (await engine.Sessions.RefreshAsync(genuine, engine.Terms with { Tenant = "other" }, Engine.Browser, CancellationToken.None)).Refusal);
        Assert.Equal(Refusal.None, (await engine.RefreshAsync(new CredentialText(genuine))).Refusal);
    }

    [Fact]
    public async Task A_token_under_a_master_secret_that_this_node_lacks_is_unavailable_and_not_refused()
    {
        var (old, next) = (Engine.NewSecret(), Engine.NewSecret());
        using var before = await Engine.StartedAsync(secret: old);
        var signIn = await before.SignInAsync(transport: SessionTransport.Tokens);
        using var lacking = new Engine(store: before.Store, secret: next, clock: before.Clock);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => lacking.RefreshAsync(signIn.Credentials!.RefreshToken));

        using var both = await Engine.StartedAsync(store: before.Store, secret: $"{next},{old}", clock: before.Clock);
        var refreshed = await both.RefreshAsync(signIn.Credentials!.RefreshToken);
        Assert.Equal(Refusal.None, refreshed.Refusal);
        Assert.Equal(refreshed.Credentials!.RefreshToken!.Reveal(), (await both.RefreshAsync(signIn.Credentials.RefreshToken)).Credentials!.RefreshToken!.Reveal());
    }

    [Fact]
    public async Task Using_an_access_token_confirms_its_generation()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        var second = await engine.RefreshAsync(signIn.Credentials!.RefreshToken);
        await engine.CheckTokenAsync(second.Credentials!);
        await engine.Touches.FlushAsync(CancellationToken.None);
        engine.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(Refusal.TokenReused, (await engine.RefreshAsync(signIn.Credentials.RefreshToken)).Refusal);
    }
}
