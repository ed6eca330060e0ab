using Holdfast.Freshness;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Tests.Freshness;

/// <summary>What one node knows of one partition, by itself.</summary>
public sealed class PartitionMemoryTests
{
    private static readonly SessionHandle Ended = SessionHandle.New(0);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));

    [Fact]
    [Requirement("LO-03")]
    public void An_ending_that_came_in_a_pull_as_long_as_endings_are_remembered_is_remembered_from_when_it_came()
    {
        var memory = new PartitionMemory(TimeSpan.FromSeconds(1), new StoreClock(_clock));
        var pull = memory.Begin();
        _clock.Advance(SessionPolicy.EndingMemory * 1.5);
        var page = new FeedPage([Item(1, Ended), Item(2, SessionHandle.New(0))], false, _clock.GetUtcNow());
        memory.Answer(pull, page);
        memory.Answer(memory.Begin(), page with { Items = [page.Items[^1]] });
        Assert.True(memory.Overtakes(Ended, "default", "ada", 0, 1));
    }

    private FeedItem Item(long place, SessionHandle handle) =>
        new(new FeedPosition(0, place), FeedEntry.SessionEnded("default", handle, EndReason.Revoked, _clock.GetUtcNow()));
}
