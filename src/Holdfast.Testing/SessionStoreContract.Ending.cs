using Xunit;

namespace Holdfast.Testing;

public abstract partial class SessionStoreContract
{
    /// <summary>What was private goes in the same step.</summary>
    [Fact]
    [Requirement("LO-01")]
    public async Task Ending_clears_data_claims_device_and_address()
    {
        var session = await CreatedAsync(data: ("cart", "3 apples"));
        Assert.True(await EndedAsync(session.Handle));
        var tombstone = await FoundAsync(session.Handle);
        Assert.Equal(EndReason.SignedOut, tombstone!.Ending!.Reason);
        Assert.Empty(tombstone.Claims);
        Assert.Null(tombstone.Device);
        Assert.Null(await Store.ReadDataAsync(session.Handle, CancellationToken.None));
        Assert.Empty(await BrowsedAsync());
    }

    /// <summary>Invariant 1: ended is ended.</summary>
    [Fact]
    [Requirement("LO-01", "TO-04")]
    public async Task Nothing_makes_an_ended_session_live_again()
    {
        var session = await CreatedAsync();
        await EndedAsync(session.Handle);
        var tombstone = (await FoundAsync(session.Handle))!;
        Assert.False(await Store.ReplaceAsync(session with { Version = 2 }, 1, CancellationToken.None));
        Assert.False(await Store.ReplaceAsync(session with { Version = tombstone.Version + 1 }, tombstone.Version, CancellationToken.None));
        await Store.TouchAsync([new SessionTouch(session.Handle, Clock.GetUtcNow(), 9)], CancellationToken.None);
        Assert.Equal(Data.DataWriteStatus.NotLive, await WriteAsync(session.Handle, "cart", "1"));
        Assert.NotNull((await FoundAsync(session.Handle))!.Ending);
        Assert.Empty(await BrowsedAsync());
    }

    /// <summary>Of two that replace one version, one wins.</summary>
    [Fact]
    [Requirement("CR-07")]
    public async Task Of_a_hundred_replacements_of_one_version_one_is_written()
    {
        var session = await CreatedAsync();
        var written = await AtOnceAsync(100, async index =>
            await Store.ReplaceAsync(session with { Version = 2, CredentialVersion = index + 2 }, 1, CancellationToken.None));
        Assert.Equal(1, written.Count(one => one));
        Assert.Equal(2, (await FoundAsync(session.Handle))!.Version);
    }

    /// <summary>Rotation against ending, touch against ending.</summary>
    [Fact]
    [Requirement("CR-07", "LO-01")]
    public async Task An_ending_that_races_with_rotations_and_touches_is_final()
    {
        for (var round = 0; round < 20; round++)
        {
            var session = await CreatedAsync();
            var ended = Task.Run(() => EndedAsync(session.Handle));
            await AtOnceAsync(8, async index =>
            {
                var current = await FoundAsync(session.Handle);
                await Store.TouchAsync([new SessionTouch(session.Handle, Clock.GetUtcNow(), 0)], CancellationToken.None);
                return current is { Ending: null } && await Store.ReplaceAsync(
                    current with { Version = current.Version + 1, CredentialVersion = index }, current.Version, CancellationToken.None);
            });
            Assert.True(await ended);
            Assert.NotNull((await FoundAsync(session.Handle))!.Ending);
        }
    }

    /// <summary>One write ends them all.</summary>
    [Fact]
    [Requirement("LO-06", "LO-05")]
    public async Task Ending_all_spares_only_the_excepted_one()
    {
        var sessions = new List<Session>();
        for (var index = 0; index < 250; index++)
        {
            sessions.Add(await CreatedAsync());
        }

        var stranger = await CreatedAsync("grace");
        await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, sessions[100].Handle, EndReason.EndedByUser, CancellationToken.None);
        Assert.Equivalent(new[] { sessions[100].Handle, stranger.Handle }, await BrowsedAsync());
        var dead = (await FoundAsync(sessions[249].Handle))!;
        Assert.Equal((EndReason.EndedByUser, 0), (dead.Ending!.Reason, dead.Claims.Length));
        Assert.Null((await FoundAsync(sessions[100].Handle))!.Ending);

        await PurgedAsync();
        Assert.NotNull((await FoundAsync(sessions[249].Handle))!.Ending);
        Assert.Null((await FoundAsync(sessions[100].Handle))!.Ending);
    }

    /// <summary>Somebody else's session is no exception.</summary>
    [Fact]
    public async Task An_exception_that_is_not_the_subjects_is_ignored()
    {
        var ada = await CreatedAsync();
        var grace = await CreatedAsync("grace");
        await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, grace.Handle, EndReason.Revoked, CancellationToken.None);
        Assert.NotNull((await FoundAsync(ada.Handle))!.Ending);
        Assert.Null((await FoundAsync(grace.Handle))!.Ending);
    }

    /// <summary>A sign-in that started before the "end all" does not slip through.</summary>
    [Fact]
    [Requirement("LO-06", "LO-04")]
    public async Task A_sign_in_with_the_older_epoch_is_refused()
    {
        var before = await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.AccountChanged, CancellationToken.None);
        Assert.Equal(CreateStatus.EpochMoved, (await Store.CreateAsync(TestSessions.New(TestSessions.Cookie(before)), CancellationToken.None)).Status);
        Assert.Empty(await BrowsedAsync());
        await CreatedAsync();
    }

    /// <summary>Whatever the order, no session of before survives.</summary>
    [Fact]
    [Requirement("LO-06", "CR-07")]
    public async Task End_all_against_sign_ins_leaves_no_session_with_the_older_epoch()
    {
        var before = await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var signIns = AtOnceAsync(100, async _ => await Store.CreateAsync(TestSessions.New(TestSessions.Cookie(before)), CancellationToken.None));
        await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        await signIns;
        Assert.Empty(await BrowsedAsync());
    }

    /// <summary>Everyone means visitors, too.</summary>
    [Fact]
    [Requirement("LO-06")]
    public async Task Ending_everyone_ends_visitors_and_users_and_refuses_their_sign_ins()
    {
        await CreatedAsync();
        await CreatedAsync("grace");
        await CreatedAsync(null);
        var elsewhere = await CreatedAsync(tenant: "other");
        var before = await Store.ReadSubjectAsync(TestSessions.Tenant, "grace", CancellationToken.None);
        await Store.EndEveryoneAsync(TestSessions.Tenant, EndReason.Revoked, CancellationToken.None);
        Assert.Empty(await BrowsedAsync());
        Assert.Null((await FoundAsync(elsewhere.Handle))!.Ending);
        Assert.Equal(CreateStatus.EpochMoved, (await Store.CreateAsync(TestSessions.New(TestSessions.Cookie(before, "grace")), CancellationToken.None)).Status);
        await CreatedAsync("grace");
    }

    /// <summary>Two "end all" in one millisecond are two epochs, and a clock that steps back takes none away.</summary>
    [Fact]
    [Requirement("TO-07")]
    public async Task Epochs_only_grow()
    {
        var readings = new List<long>();
        for (var index = 0; index < 5; index++)
        {
            await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
            readings.Add((await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None)).Epoch);
        }

        Assert.Equal(readings.Distinct().Order(), readings);
    }

    /// <summary>Another node sees it at once.</summary>
    [Fact]
    [Requirement("LO-01")]
    public async Task What_one_node_ended_is_ended_on_the_other()
    {
        var other = await AnotherNodeAsync();
        var session = await CreatedAsync();
        Assert.Null((await other.FindAsync(session.Handle, CancellationToken.None)).Session!.Ending);
        await EndedAsync(session.Handle);
        Assert.NotNull((await other.FindAsync(session.Handle, CancellationToken.None)).Session!.Ending);
    }
}
