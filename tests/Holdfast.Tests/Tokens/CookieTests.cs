using CsCheck;
using Holdfast.Auditing;
using Holdfast.Tokens;

namespace Holdfast.Tests.Tokens;

/// <summary>The session cookie: its form, its renewal, and who is told what.</summary>
public sealed class CookieTests
{
    [Fact]
    [Requirement("SID-01", "SID-05", "CR-01")]
    public void A_cookie_is_opaque_and_every_one_is_new()
    {
        var keys = new MasterKeys(Engine.NewSecret(), "test", "https://holdfast.test");
        var handle = SessionHandle.New(0);
        var texts = Enumerable.Range(0, 1000).Select(_ => SessionCookie.New(keys, handle).ToText().Reveal()).ToHashSet();
        Assert.Equal(1000, texts.Count);
        Assert.All(texts, text => Assert.Matches("^hfs_[A-Za-z0-9_-]{66}$", text));
        Assert.Equal("***", SessionCookie.New(keys, handle).ToText().ToString());
        Assert.Equal("***", Secret.New().ToString());
    }

    [Fact]
    [Requirement("SID-06", "SID-03", "ER-04", "CR-02")]
    public async Task A_cookie_that_is_cut_doubled_long_or_of_another_tenant_is_answered_like_an_unknown_one()
    {
        using var engine = await Engine.StartedAsync();
        var genuine = (await engine.SignInAsync()).Credentials!.Cookie!.Reveal();
        string?[] presented =
        [
            null, "", "hfs_", genuine[..^1], genuine + "A", genuine + genuine, new string('A', 10_240), genuine.ToUpperInvariant(), $" {genuine}",
            "hfs_" + new string('ä', 66), SessionCookie.New(engine.Keys, SessionHandle.New(0)).ToText().Reveal(),
        ];
        foreach (var text in presented)
        {
            var check = await engine.Sessions.CheckCookieAsync(text, Engine.Tenant, true, Engine.Browser, CancellationToken.None);
            Assert.Equal((Refusal.Missing, null), (check.Refusal, check.Session));
        }

        Assert.Equal(Refusal.Missing, (await engine.Sessions.CheckCookieAsync(genuine, "other", true, Engine.Browser, CancellationToken.None)).Refusal);
        Assert.Equal(Refusal.None, (await engine.CheckAsync(new CredentialText(genuine))).Refusal);
        Assert.Equal(presented.Length + 1, (await engine.EventsAsync()).Count(one => one.Type == SessionEventType.CredentialRejected));
    }

    [Fact]
    [Requirement("ER-04", "LO-01")]
    public async Task Only_the_genuine_secret_learns_that_its_session_ended()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        var guess = SessionCookie.New(engine.Keys, signIn.Session!.Handle).ToText();
        await engine.Sessions.EndAsync(signIn.Session.Handle, EndReason.SignedOut, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(signIn.Credentials!)).Refusal);
        Assert.Equal(Refusal.Missing, (await engine.CheckAsync(guess)).Refusal);
    }

    [Fact]
    [Requirement("TO-08")]
    public async Task A_secret_is_renewed_after_a_quarter_of_an_hour_and_the_old_one_dies_a_minute_after_the_new_one_was_used()
    {
        using var engine = await Engine.StartedAsync();
        var old = (await engine.SignInAsync()).Credentials!.Cookie!;
        engine.Clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Null((await engine.CheckAsync(old)).RenewedCookie);
        engine.Clock.Advance(TimeSpan.FromMinutes(1));
        var renewed = (await engine.CheckAsync(old)).RenewedCookie!;
        Assert.NotEqual(old.Reveal(), renewed.Reveal());

        // The response may have been lost: the old one still works, and is answered with the same new one.
        engine.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(renewed.Reveal(), (await engine.CheckAsync(old)).RenewedCookie!.Reveal());
        Assert.Equal(Refusal.None, (await engine.CheckAsync(renewed)).Refusal);
        engine.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(renewed.Reveal(), (await engine.CheckAsync(old)).RenewedCookie!.Reveal());
        engine.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Refusal.Missing, (await engine.CheckAsync(old)).Refusal);
        Assert.Equal(Refusal.None, (await engine.CheckAsync(renewed)).Refusal);
    }

    [Fact]
    [Requirement("TO-08")]
    public async Task Parallel_requests_that_are_due_get_one_new_secret()
    {
        using var engine = await Engine.StartedAsync();
        var old = (await engine.SignInAsync()).Credentials!.Cookie!;
        engine.Clock.Advance(TimeSpan.FromMinutes(20));
        var checks = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => engine.CheckAsync(old))));
        Assert.All(checks, check => Assert.Equal(Refusal.None, check.Refusal));
        Assert.Single(checks.Select(check => check.RenewedCookie!.Reveal()).Distinct());
        Assert.Single(await engine.EventsAsync(), one => one.Type == SessionEventType.SecretRenewed);
    }

    /// <summary>Invariant 3, for cookies: whichever responses are lost, whoever sends the newest cookie that reached it is let in.</summary>
    [Fact]
    [Requirement("TO-08")]
    public async Task A_browser_that_loses_any_responses_is_never_signed_out()
    {
        using var engine = await Engine.StartedAsync(options => (options.IdleTimeout, options.AbsoluteTimeout) = (TimeSpan.FromDays(30), TimeSpan.FromDays(30)));
        await Gen.Select(Gen.Int[0, 40], Gen.Bool, Gen.Int[1, 3]).Array[1, 20].SampleAsync(
            async steps =>
            {
                var held = (await engine.SignInAsync()).Credentials!.Cookie!;
                foreach (var (minutes, arrives, parallel) in steps)
                {
                    engine.Clock.Advance(TimeSpan.FromMinutes(minutes));
                    var checks = await Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => engine.CheckAsync(held)));
                    Assert.All(checks, check => Assert.Equal(Refusal.None, check.Refusal));
                    held = arrives ? checks[0].RenewedCookie ?? held : held;
                }
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public async Task A_check_that_cannot_send_a_cookie_renews_nothing()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        engine.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.Null((await engine.CheckAsync(signIn.Credentials!, renew: false)).RenewedCookie);
        Assert.Equal(1, (await engine.Store.FindAsync(signIn.Session!.Handle, CancellationToken.None)).Session!.Version);
    }
}
