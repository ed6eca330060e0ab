using Holdfast.Limits;

namespace Holdfast.Tests;

/// <summary>Several applications on one engine: each with its own limits and audience, none with another's tokens.</summary>
public sealed class SessionTermsTests
{
    [Fact]
    public async Task A_session_has_the_limits_of_its_application()
    {
        using var engine = await Engine.StartedAsync();
        var terms = Shop(engine) with
        {
            Cookie = new SessionLifetime(TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)),
            Limit = new SessionLimit(1, WhenLimitReached.Refuse),
        };
        var first = await SignInAsync(engine, terms, SessionTransport.Cookie);
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)), (first.Session!.IdleTimeout, first.Session.ExpiresAt - first.Session.CreatedAt));
        Assert.Equal(SignInStatus.LimitReached, (await SignInAsync(engine, terms, SessionTransport.Cookie)).Status);
    }

    [Fact]
    [Requirement("RT-08")]
    public async Task A_refresh_token_that_another_application_presents_is_refused_and_not_used_up()
    {
        using var engine = await Engine.StartedAsync();
        var token = (await SignInAsync(engine, Shop(engine), SessionTransport.Tokens)).Credentials!.RefreshToken!.Reveal();
        foreach (var other in new[] { Shop(engine) with { Client = "blog" }, Shop(engine) with { Client = null }, Shop(engine) with { Tenant = "other" } })
        {
            Assert.Equal(Refusal.TokenInvalid, (await engine.Sessions.RefreshAsync(token, other, Engine.Browser, CancellationToken.None)).Refusal);
        }

        var refreshed = await engine.Sessions.RefreshAsync(token, Shop(engine), Engine.Browser, CancellationToken.None);
        Assert.Equal((Refusal.None, 2), (refreshed.Refusal, refreshed.Session!.Refresh!.Generation));
    }

    [Fact]
    [Requirement("JWT-08")]
    public async Task An_access_token_names_its_application_and_is_accepted_for_its_audience_alone()
    {
        using var engine = await Engine.StartedAsync();
        var token = (await SignInAsync(engine, Shop(engine), SessionTransport.Tokens)).Credentials!.AccessToken!.Text.Reveal();

        // Twice: the second time the signature is remembered, and the audience is asked for all the same.
        for (var use = 0; use < 2; use++)
        {
            var check = await engine.Sessions.CheckAccessTokenAsync(token, Shop(engine), Engine.Browser, CancellationToken.None);
            Assert.Equal((Refusal.None, "shop", "https://api.shop.test"), (check.Refusal, check.Token!.Client, check.Token.Audience));
            Assert.Equal(Refusal.TokenInvalid, (await engine.Sessions.CheckAccessTokenAsync(token, engine.Terms, Engine.Browser, CancellationToken.None)).Refusal);
        }
    }

    [Fact]
    [Requirement("HP-06", "LO-03")]
    public async Task Introspection_knows_a_token_until_its_session_ends_and_uses_nothing_up()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await SignInAsync(engine, Shop(engine), SessionTransport.Tokens);
        var (access, refresh) = (signIn.Credentials!.AccessToken!.Text.Reveal(), signIn.Credentials.RefreshToken!.Reveal());
        foreach (var token in new[] { access, refresh, refresh })
        {
            Assert.Equal(signIn.Session!.Handle, (await engine.Sessions.IntrospectAsync(token, Shop(engine), CancellationToken.None))?.Session.Handle);
            Assert.Null(await engine.Sessions.IntrospectAsync(token, Shop(engine) with { Tenant = "other" }, CancellationToken.None));
        }

        await engine.Sessions.EndAsync(signIn.Session!.Handle, EndReason.Revoked, Caller.Application, CancellationToken.None);
        Assert.Null(await engine.Sessions.IntrospectAsync(access, Shop(engine), CancellationToken.None));
        Assert.Null(await engine.Sessions.IntrospectAsync(refresh, Shop(engine), CancellationToken.None));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Requirement("HP-07")]
    public async Task Revoking_either_token_ends_its_session_for_its_application_alone(bool revokeAccessToken)
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await SignInAsync(engine, Shop(engine), SessionTransport.Tokens);
        var token = revokeAccessToken ? signIn.Credentials!.AccessToken!.Text.Reveal() : signIn.Credentials!.RefreshToken!.Reveal();
        Assert.Equal(TokenRevocation.OfAnotherClient, await RevokeAsync(engine, token, Shop(engine) with { Client = "blog" }));
        Assert.Equal(TokenRevocation.Done, await RevokeAsync(engine, token, Shop(engine) with { Tenant = "other" }));
        Assert.NotNull(await engine.Sessions.FindLiveAsync(signIn.Session!.Handle, CancellationToken.None));
        Assert.Equal(TokenRevocation.Done, await RevokeAsync(engine, token, Shop(engine)));
        Assert.Equal(TokenRevocation.Done, await RevokeAsync(engine, token, Shop(engine)));
        Assert.Null(await engine.Sessions.FindLiveAsync(signIn.Session.Handle, CancellationToken.None));
    }

    private static SessionTerms Shop(Engine engine) => engine.Terms with { Client = "shop", Audience = "https://api.shop.test" };

    private static async Task<TokenRevocation> RevokeAsync(Engine engine, string token, SessionTerms terms) =>
        await engine.Sessions.RevokeAsync(token, terms, Engine.Browser, CancellationToken.None);

    private static async Task<SignInResult> SignInAsync(Engine engine, SessionTerms terms, SessionTransport transport) =>
        await engine.Sessions.SignInAsync(new SignIn { Subject = Engine.Ada, Terms = terms, Transport = transport }, Engine.Browser, CancellationToken.None);
}
