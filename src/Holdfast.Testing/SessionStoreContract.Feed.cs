using Holdfast.Freshness;
using Holdfast.Limits;
using Xunit;

namespace Holdfast.Testing;

public abstract partial class SessionStoreContract
{
    /// <summary>The feed of one partition, read from a position to its end.</summary>
    protected async Task<List<FeedItem>> FeedAsync(int partition, FeedPosition? from = null, int pageSize = 3)
    {
        var items = new List<FeedItem>();
        FeedPage page;
        do
        {
            page = await Store.PullAsync(partition, from, pageSize, "tester", CancellationToken.None);
            Assert.True(page.Items.Count <= pageSize);
            items.AddRange(page.Items.Skip(items.Count > 0 && page.Items.Count > 0 && page.Items[0] == items[^1] ? 1 : 0));
            from = items.Count > 0 ? items[^1].Position : from;
        }
        while (page.More);
        return items;
    }

    /// <summary>An ending stands in the feed of its partition when it is acknowledged, with its reason and time.</summary>
    [Fact]
    [Requirement("LO-03")]
    public async Task An_ending_is_told_in_the_feed_of_its_partition_and_in_no_other()
    {
        var session = await CreatedAsync();
        await EndedAsync(session.Handle, EndReason.Revoked);
        for (var partition = 0; partition < Store.Partitions; partition++)
        {
            var told = (await FeedAsync(partition)).Select(item => item.Entry).Where(entry => entry.Handle == session.Handle);
            FeedEntry[] expected = partition == session.Handle.Partition
                ? [FeedEntry.SessionEnded(TestSessions.Tenant, session.Handle, EndReason.Revoked, Clock.GetUtcNow())] : [];
            Assert.Equal(expected, told);
        }
    }

    /// <summary>What every node can tell by its own clock, and what changes nothing for them, is not told.</summary>
    [Fact]
    public async Task An_expiry_a_renewal_and_a_touch_are_not_told()
    {
        var session = await CreatedAsync();
        var before = await FeedAsync(session.Handle.Partition);
        await Store.TouchAsync([new SessionTouch(session.Handle, Clock.GetUtcNow(), 0)], CancellationToken.None);
        Assert.True(await Store.ReplaceAsync(session with { Version = 2 }, 1, CancellationToken.None));
        await EndedAsync(session.Handle, EndReason.IdledOut);
        Assert.Equal(before, await FeedAsync(session.Handle.Partition));
    }

    /// <summary>A step-up tells the least credential version that is still good.</summary>
    [Fact]
    [Requirement("SU-06")]
    public async Task A_step_up_is_told_with_its_credential_version()
    {
        var session = await CreatedAsync();
        Assert.True(await Store.ReplaceAsync(session with { Version = 2, CredentialVersion = 2 }, 1, CancellationToken.None));
        var told = (await FeedAsync(session.Handle.Partition))[^1].Entry;
        Assert.Equal((FeedEntryKind.CredentialsRaised, session.Handle, 2L), (told.Kind, told.Handle!.Value, told.Least));
    }

    /// <summary>An "end all" is told once, with the epoch that was written and the session that was kept.</summary>
    [Fact]
    [Requirement("LO-06")]
    public async Task An_end_all_is_told_with_its_epoch_and_with_the_session_that_it_kept()
    {
        var kept = await CreatedAsync();
        await CreatedAsync();
        var written = await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, kept.Handle, EndReason.EndedByUser, CancellationToken.None);
        Assert.Equal(kept.Handle.Partition, written.Partition);
        Assert.Equal(
            FeedEntry.SubjectEnded(TestSessions.Tenant, TestSessions.Ada, kept.Handle, written, EndReason.EndedByUser),
            (await FeedAsync(written.Partition))[^1].Entry);
    }

    /// <summary>The end of everyone is told in every partition, each with the epoch that was written there.</summary>
    [Fact]
    [Requirement("LO-06")]
    public async Task The_end_of_everyone_is_told_in_every_partition()
    {
        var written = await Store.EndEveryoneAsync(TestSessions.Tenant, EndReason.Revoked, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, Store.Partitions), written.Select(epoch => (int)epoch.Partition).Order());
        foreach (var epoch in written)
        {
            Assert.Equal(FeedEntry.EveryoneEnded(TestSessions.Tenant, epoch, EndReason.Revoked), (await FeedAsync(epoch.Partition))[^1].Entry);
        }
    }

    /// <summary>Sessions that the limit ended are told as well.</summary>
    [Fact]
    [Requirement("CS-01")]
    public async Task An_evicted_session_is_told()
    {
        var old = await CreatedAsync();
        var next = TestSessions.Cookie(await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None));
        await Store.CreateAsync(TestSessions.New(next, new SessionLimit(1, WhenLimitReached.EndOldest)), CancellationToken.None);
        var told = (await FeedAsync(old.Handle.Partition))[^1].Entry;
        Assert.Equal((FeedEntryKind.SessionEnded, old.Handle, EndReason.Evicted), (told.Kind, told.Handle!.Value, told.Reason));
    }

    /// <summary>Whoever goes on from a position finds its entry there, unchanged, and everything behind it exactly once.</summary>
    [Fact]
    public async Task A_feed_goes_on_where_it_was_left()
    {
        var subject = await CreatedAsync();
        for (var index = 0; index < 10; index++)
        {
            await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        }

        var all = await FeedAsync(subject.Handle.Partition);
        Assert.Equal(10, all.Count);
        Assert.Equal(all.Select(item => item.Position).Order(), all.Select(item => item.Position));
        Assert.Equal(all[4..], await FeedAsync(subject.Handle.Partition, all[4].Position));
    }

    /// <summary>Endings side by side: each is told once, and none is told before it can be seen.</summary>
    [Fact]
    [Requirement("CR-07")]
    public async Task Endings_side_by_side_are_all_told_once()
    {
        var sessions = new List<Session>();
        for (var index = 0; index < 20; index++)
        {
            sessions.Add(await CreatedAsync());
        }

        await AtOnceAsync(sessions.Count, async index => await EndedAsync(sessions[index].Handle));
        var told = (await FeedAsync(sessions[0].Handle.Partition)).Where(item => item.Entry.Kind == FeedEntryKind.SessionEnded).Select(item => item.Entry.Handle!.Value);
        Assert.Equal(sessions.Select(session => session.Handle.ToString()).Order(), told.Select(handle => handle.ToString()).Order());
    }

    /// <summary>Clean-up forgets what no token can meet any more, and never the newest entry.</summary>
    [Fact]
    [Requirement("CR-09")]
    public async Task Clean_up_drops_old_entries_but_never_the_newest()
    {
        var session = await CreatedAsync();
        for (var index = 0; index < 5; index++)
        {
            await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        }

        var last = (await FeedAsync(session.Handle.Partition))[^1];
        Clock.Advance(SessionPolicy.EndingMemory + TimeSpan.FromMinutes(1));
        await PurgedAsync();
        Assert.Equal([last], await FeedAsync(session.Handle.Partition));
        var next = await CreatedAsync();
        await EndedAsync(next.Handle);
        Assert.Equal(2, (await FeedAsync(session.Handle.Partition)).Count);
    }

    /// <summary>What a node remembers and the store has lost is written again: sessions end, epochs rise, and the feed tells it once more.</summary>
    [Fact]
    [Requirement("LO-01", "LO-02")]
    public async Task Lost_endings_are_written_again()
    {
        var one = await CreatedAsync();
        var ofAda = await CreatedAsync();
        var reading = await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var ending = FeedEntry.SessionEnded(TestSessions.Tenant, one.Handle, EndReason.SignedOut, Clock.GetUtcNow());
        var epoch = new EpochReading(reading.Partition, reading.Epoch + 5, Clock.GetUtcNow());
        var all = FeedEntry.SubjectEnded(TestSessions.Tenant, TestSessions.Ada, null, epoch, EndReason.Revoked);
        await Store.RestoreAsync(one.Handle.Partition, [ending], CancellationToken.None);
        Assert.Equal(EndReason.SignedOut, (await FoundAsync(one.Handle))?.Ending?.Reason);
        Assert.Null((await FoundAsync(ofAda.Handle))?.Ending);
        await Store.RestoreAsync(reading.Partition, [all, all], CancellationToken.None);
        Assert.Equal(EndReason.Revoked, (await FoundAsync(ofAda.Handle))?.Ending?.Reason);
        Assert.Equal(epoch.Epoch, (await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None)).Epoch);
        Assert.True((await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None)).Epoch > epoch.Epoch);
        Assert.Contains((await FeedAsync(one.Handle.Partition)), item => item.Entry == ending);
        Assert.Contains((await FeedAsync(reading.Partition)), item => item.Entry == all);
    }

    /// <summary>A smaller epoch than the one that stands lowers nothing.</summary>
    [Fact]
    public async Task Writing_again_never_lowers_an_epoch()
    {
        var written = await Store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None);
        var older = FeedEntry.SubjectEnded(TestSessions.Tenant, TestSessions.Ada, null, written with { Epoch = written.Epoch - 3 }, EndReason.Revoked);
        await Store.RestoreAsync(written.Partition, [older], CancellationToken.None);
        Assert.Equal(written.Epoch, (await Store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None)).Epoch);
    }

    /// <summary>The doorbell rings for an ending, from whichever node.</summary>
    [Fact]
    public async Task News_ring_on_every_node()
    {
        var session = await CreatedAsync();
        var other = await AnotherNodeAsync();
        var rang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ringing = other.OnNews(partition =>
        {
            if (partition == session.Handle.Partition)
            {
                rang.TrySetResult();
            }
        });
        await EndedAsync(session.Handle);
        await rang.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
