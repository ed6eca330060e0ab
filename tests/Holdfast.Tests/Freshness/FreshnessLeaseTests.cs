using Holdfast.Freshness;

namespace Holdfast.Tests.Freshness;

/// <summary>What renews a lease, and what does not: the state machine by itself.</summary>
public sealed class FreshnessLeaseTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_node_that_has_read_nothing_trusts_nothing() => Assert.False(FreshnessLease.None.IsGood(At(0), Bound));

    [Fact]
    public void A_pull_that_read_to_the_end_renews_from_when_it_was_sent_and_not_from_when_it_was_answered()
    {
        var (lease, step) = Answered(FreshnessLease.None, At(5), Page());
        Assert.Equal(FollowStep.Rest, step);
        Assert.True(lease.IsGood(At(5.999), Bound));
        Assert.False(lease.IsGood(At(6), Bound));
    }

    [Fact]
    public void A_page_with_more_behind_it_renews_nothing_yet()
    {
        var (lease, step) = Answered(FreshnessLease.None, At(0), new FeedPage([Item(1)], true, Noon));
        Assert.Equal((FollowStep.PullOn, null), (step, lease.Since));
    }

    [Theory]
    [InlineData(2.0, 0.5)]
    [InlineData(0.5, 2.0)]
    [InlineData(0.5, -1.0)]
    public void Either_clock_can_end_it(double monotonic, double wall)
    {
        var (lease, _) = Answered(FreshnessLease.None, At(0), Page());
        Assert.False(lease.IsGood(new ClockReading(TimeSpan.FromSeconds(monotonic), Noon.AddSeconds(wall)), Bound));
    }

    [Fact]
    public void A_feed_that_does_not_go_on_where_it_was_left_is_read_again_and_everything_known_is_owed()
    {
        var (lease, _) = Answered(FreshnessLease.None, At(0), Page(Item(1), Item(2)));
        var (broken, step) = lease.Answered(lease.Begin(At(0.2)), Page(Item(1)), () => [Item(1).Entry, Item(2).Entry]);
        Assert.Equal((FollowStep.StartOver, null, null), (step, broken.Since, broken.Last));
        Assert.Equal(2, broken.Owed.Count);
        var (again, next) = Answered(broken, At(0.3), Page(Item(1)));
        Assert.Equal(FollowStep.WriteAgain, next);
        Assert.Equal(Item(2).Entry, Assert.Single(again.Owed.Values));
        var (whole, last) = Answered(again, At(0.4), Page(Item(1), Item(3, about: 2)));
        Assert.Equal(FollowStep.Rest, last);
        Assert.True(whole.IsGood(At(0.5), Bound));
    }

    [Fact]
    public void An_entry_that_was_replaced_by_another_at_the_same_place_is_noticed()
    {
        var (lease, _) = Answered(FreshnessLease.None, At(0), Page(Item(1)));
        var (_, step) = lease.Answered(lease.Begin(At(0.1)), Page(Item(1, about: 9)), () => []);
        Assert.Equal(FollowStep.StartOver, step);
    }

    [Fact]
    public void A_write_of_ones_own_must_be_found_by_the_pulls_that_begin_after_it_and_by_no_earlier_one()
    {
        var before = FreshnessLease.None.Begin(At(0));
        var wrote = FreshnessLease.None.Wrote(Item(1).Entry);
        var (renewed, step) = wrote.Answered(before, Page(), () => []);
        Assert.Equal(FollowStep.Rest, step);
        Assert.Equal(FollowStep.WriteAgain, Answered(renewed, At(0.1), Page()).Step);
        Assert.Equal(FollowStep.Rest, Answered(renewed, At(0.1), Page(Item(1))).Step);
    }

    [Fact]
    public void A_greater_epoch_pays_for_a_smaller_one_and_not_the_reverse()
    {
        var owing = FreshnessLease.None.Wrote(Epoch(7));
        Assert.Equal(FollowStep.WriteAgain, Answered(owing, At(0), Page(new FeedItem(new FeedPosition(0, 1), Epoch(6)))).Step);
        Assert.Equal(FollowStep.Rest, Answered(owing, At(0), Page(new FeedItem(new FeedPosition(0, 1), Epoch(8)))).Step);
    }

    private static (FreshnessLease Next, FollowStep Step) Answered(FreshnessLease lease, ClockReading at, FeedPage page) =>
        lease.Answered(lease.Begin(at), page, () => []);

    private static ClockReading At(double seconds) => new(TimeSpan.FromSeconds(seconds), Noon.AddSeconds(seconds));

    private static FeedPage Page(params FeedItem[] items) => new(items, false, Noon);

    private static FeedItem Item(int place, int? about = null)
    {
        var handle = new byte[SessionHandle.Size];
        handle[^1] = (byte)(about ?? place);
        return new FeedItem(new FeedPosition(0, place), FeedEntry.SessionEnded("default", SessionHandle.FromBytes(handle), EndReason.SignedOut, Noon));
    }

    private static FeedEntry Epoch(long epoch) => FeedEntry.SubjectEnded("default", "ada", null, new EpochReading(0, epoch, Noon), EndReason.Revoked);
}
