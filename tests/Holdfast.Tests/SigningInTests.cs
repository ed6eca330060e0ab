using System.Text;
using Holdfast.Auditing;
using Holdfast.Data;
using Holdfast.Limits;

namespace Holdfast.Tests;

/// <summary>From visitor to user, and from device to device.</summary>
public sealed class SigningInTests
{
    [Fact]
    [Requirement("SID-02")]
    public async Task A_visitor_who_signs_in_gets_a_new_handle_keeps_their_data_and_loses_the_old_cookie()
    {
        using var engine = await Engine.StartedAsync();
        var visitor = await engine.Sessions.StartAnonymousAsync(Engine.Tenant, null, Engine.Browser, CancellationToken.None);
        await WriteAsync(engine, visitor.Session!.Handle, "cart", "3 apples");
        var signIn = await engine.SignInAsync(replaces: visitor.Session.Handle);
        Assert.NotEqual(visitor.Session.Handle, signIn.Session!.Handle);
        Assert.Equal("3 apples", await ReadAsync(engine, signIn.Session.Handle, "cart"));
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(visitor.Credentials!)).Refusal);
        Assert.Null(await engine.Sessions.ReadDataAsync(visitor.Session.Handle, CancellationToken.None));
    }

    [Fact]
    [Requirement("SID-02", "TO-03")]
    public async Task Signing_in_again_replaces_the_session_and_starts_its_limits_anew()
    {
        using var engine = await Engine.StartedAsync();
        var first = await engine.SignInAsync();
        await WriteAsync(engine, first.Session!.Handle, "note", "mine");
        engine.Clock.Advance(TimeSpan.FromMinutes(20));
        var second = await engine.SignInAsync(replaces: first.Session.Handle);
        Assert.Equal("mine", await ReadAsync(engine, second.Session!.Handle, "note"));
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(first.Credentials!)).Refusal);
        Assert.Equal(engine.Clock.GetUtcNow() + engine.Options.AbsoluteTimeout, second.Session.ExpiresAt);
    }

    [Fact]
    public async Task Somebody_else_who_signs_in_on_the_same_browser_inherits_nothing()
    {
        using var engine = await Engine.StartedAsync();
        var ada = await engine.SignInAsync();
        await WriteAsync(engine, ada.Session!.Handle, "note", "private");
        var grace = await engine.SignInAsync("grace", replaces: ada.Session.Handle);
        Assert.Null(await ReadAsync(engine, grace.Session!.Handle, "note"));
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(ada.Credentials!)).Refusal);
    }

    [Fact]
    public async Task Two_sign_ins_that_race_from_one_visitor_both_succeed_and_the_visitor_is_gone()
    {
        using var engine = await Engine.StartedAsync();
        for (var round = 0; round < 20; round++)
        {
            var visitor = await engine.Sessions.StartAnonymousAsync(Engine.Tenant, null, Engine.Browser, CancellationToken.None);
            await WriteAsync(engine, visitor.Session!.Handle, "cart", "3 apples");
            var signIns = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => engine.SignInAsync($"user{round}", replaces: visitor.Session.Handle))));
            Assert.All(signIns, signIn => Assert.Equal(SignInStatus.SignedIn, signIn.Status));
            foreach (var signIn in signIns)
            {
                Assert.Equal(Refusal.None, (await engine.CheckAsync(signIn.Credentials!)).Refusal);
            }

            Assert.Equal(8, (await engine.Sessions.ListAsync(Engine.Tenant, $"user{round}", CancellationToken.None)).Length);
            Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(visitor.Credentials!)).Refusal);
        }
    }

    [Fact]
    public async Task A_carrying_over_that_nobody_finished_is_undone_by_the_next_write()
    {
        using var engine = await Engine.StartedAsync();
        var visitor = (await engine.Sessions.StartAnonymousAsync(Engine.Tenant, null, Engine.Browser, CancellationToken.None)).Session!;
        var frozen = visitor with { Version = 2, Upgrade = new Upgrade(SessionHandle.New(0), engine.Clock.GetUtcNow()) };
        Assert.True(await engine.Store.ReplaceAsync(frozen, 1, CancellationToken.None));
        Assert.Equal(DataWriteStatus.Frozen, await WriteAsync(engine, visitor.Handle, "cart", "1"));
        engine.Clock.Advance(SessionManager.UpgradePatience);
        Assert.Equal(DataWriteStatus.Written, await WriteAsync(engine, visitor.Handle, "cart", "1"));
    }

    [Fact]
    [Requirement("CS-01", "AU-01")]
    public async Task Beyond_the_limit_the_newest_is_refused_or_the_oldest_ends()
    {
        using var refusing = await Engine.StartedAsync(options => options.MaxSessionsPerSubject = 2);
        var first = await refusing.SignInAsync();
        await refusing.SignInAsync();
        Assert.Equal(SignInStatus.LimitReached, (await refusing.SignInAsync()).Status);
        Assert.Equal(SignInStatus.SignedIn, (await refusing.SignInAsync(replaces: first.Session!.Handle)).Status);
        Assert.Equal(2, (await refusing.Sessions.ListAsync(Engine.Tenant, Engine.Ada, CancellationToken.None)).Length);

        using var ending = await Engine.StartedAsync(options => (options.MaxSessionsPerSubject, options.WhenLimitReached) = (1, WhenLimitReached.EndOldest));
        var older = await ending.SignInAsync();
        ending.Clock.Advance(TimeSpan.FromSeconds(1));
        var newer = await ending.SignInAsync();
        Assert.Equal(Refusal.Revoked, (await ending.CheckAsync(older.Credentials!)).Refusal);
        Assert.Equal(Refusal.None, (await ending.CheckAsync(newer.Credentials!)).Refusal);
        Assert.Single(await ending.EventsAsync(), one => one.Type == SessionEventType.SessionEvicted && one.Handle == older.Session!.Handle);
    }

    [Fact]
    [Requirement("LO-06", "LO-04")]
    public async Task A_sign_in_whose_proof_was_checked_before_everything_was_ended_is_refused()
    {
        using var engine = await Engine.StartedAsync();
        var reading = await engine.Sessions.BeginSignInAsync(Engine.Tenant, Engine.Ada, CancellationToken.None);
        await engine.Sessions.EndAllAsync(Engine.Tenant, Engine.Ada, null, EndReason.AccountChanged, Caller.Application, CancellationToken.None);
        var result = await engine.Sessions.SignInAsync(new SignIn { Subject = Engine.Ada, Reading = reading }, Engine.Browser, CancellationToken.None);
        Assert.Equal(SignInStatus.EpochMoved, result.Status);
    }

    [Fact]
    public async Task Names_and_claims_that_are_too_long_are_named()
    {
        using var engine = await Engine.StartedAsync();
        Assert.Contains("257", (await Assert.ThrowsAsync<ArgumentException>(() => engine.SignInAsync(new string('x', 257)))).Message, StringComparison.Ordinal);
        var large = new SignIn { Subject = Engine.Ada, Claims = [new SessionClaim("photo", new string('x', 5000))] };
        var refused = await Assert.ThrowsAsync<ArgumentException>(async () => await engine.Sessions.SignInAsync(large, Engine.Browser, CancellationToken.None));
        Assert.Contains("4096", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("CS-02", "LO-01")]
    public async Task Devices_are_listed_without_those_that_expired_ended_or_are_somebody_elses()
    {
        using var engine = await Engine.StartedAsync();
        await engine.SignInAsync();
        engine.Clock.Advance(TimeSpan.FromMinutes(31));
        var ended = await engine.SignInAsync();
        await engine.Sessions.EndAsync(ended.Session!.Handle, EndReason.SignedOut, Engine.Browser, CancellationToken.None);
        await engine.SignInAsync("grace");
        var kept = await engine.SignInAsync();
        var listed = Assert.Single(await engine.Sessions.ListAsync(Engine.Tenant, Engine.Ada, CancellationToken.None));
        Assert.Equal(kept.Session!.Handle, listed.Handle);
        Assert.Equal(("Firefox on Linux", "192.0.2.7"), (Holdfast.Devices.UserAgent.Parse(listed.Device!.UserAgent).ToString(), listed.Device.Address));
        Assert.Equal(["pwd"], listed.Assurance.Amr);
    }

    [Fact]
    [Requirement("LO-06", "LO-05")]
    public async Task One_ones_own_all_others_all_and_everyone_can_be_ended()
    {
        using var engine = await Engine.StartedAsync();
        var (here, there, grace) = (await engine.SignInAsync(), await engine.SignInAsync(), await engine.SignInAsync("grace"));
        Assert.False(await engine.Sessions.EndOwnAsync(Engine.Tenant, Engine.Ada, grace.Session!.Handle, EndReason.EndedByUser, Engine.Browser, CancellationToken.None));
        Assert.True(await engine.Sessions.EndOwnAsync(Engine.Tenant, Engine.Ada, there.Session!.Handle, EndReason.EndedByUser, Engine.Browser, CancellationToken.None));
        Assert.False(await engine.Sessions.EndAsync(there.Session.Handle, EndReason.Revoked, Engine.Browser, CancellationToken.None));

        var another = await engine.SignInAsync();
        await engine.Sessions.EndAllAsync(Engine.Tenant, Engine.Ada, here.Session!.Handle, EndReason.EndedByUser, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(another.Credentials!)).Refusal);
        Assert.Equal(Refusal.None, (await engine.CheckAsync(here.Credentials!)).Refusal);
        await engine.Sessions.EndEveryoneAsync(Engine.Tenant, Caller.Application, CancellationToken.None);
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(here.Credentials!)).Refusal);
        Assert.Equal(Refusal.Revoked, (await engine.CheckAsync(grace.Credentials!)).Refusal);
    }

    [Fact]
    [Requirement("LO-06")]
    public async Task An_access_token_of_the_session_that_was_spared_is_refreshed_and_not_revoked()
    {
        using var engine = await Engine.StartedAsync();
        var spared = await engine.SignInAsync(transport: SessionTransport.Tokens);
        await engine.Sessions.EndAllAsync(Engine.Tenant, Engine.Ada, spared.Session!.Handle, EndReason.EndedByUser, Engine.Browser, CancellationToken.None);
        Assert.Equal(Refusal.TokenExpired, (await engine.CheckTokenAsync(spared.Credentials!)).Refusal);
        var next = await engine.RefreshAsync(spared.Credentials!.RefreshToken);
        Assert.Equal(Refusal.None, (await engine.CheckTokenAsync(next.Credentials!)).Refusal);
    }

    private static async Task<DataWriteStatus> WriteAsync(Engine engine, SessionHandle handle, string field, string value) =>
        await engine.Sessions.WriteDataAsync(handle, [new DataChange(field, Encoding.UTF8.GetBytes(value))], CancellationToken.None);

    private static async Task<string?> ReadAsync(Engine engine, SessionHandle handle, string field) =>
        (await engine.Sessions.ReadDataAsync(handle, CancellationToken.None))!.Fields.GetValueOrDefault(field) is { } found ? Encoding.UTF8.GetString(found.Value.Span) : null;
}
