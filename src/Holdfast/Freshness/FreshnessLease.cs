using System.Collections.Immutable;

namespace Holdfast.Freshness;

/// <summary>What a follower has to do next.</summary>
internal enum FollowStep
{
    /// <summary>Everything is known: the lease is renewed.</summary>
    Rest = 0,

    /// <summary>There is more to read.</summary>
    PullOn = 1,

    /// <summary>
    /// The feed does not go on where this node stopped: it was cut off at its old end, or the store went back to an older state. What was
    /// read into the cache may be wrong; read the feed from its beginning.
    /// </summary>
    StartOver = 2,

    /// <summary>The store has lost endings that this node knows of: write them again, then pull.</summary>
    WriteAgain = 3,
}

/// <summary>A pull under way, with what it must find.</summary>
/// <param name="Began">When it was sent.</param>
/// <param name="After">The last entry that was read; the pull must find it where it was.</param>
/// <param name="Owed">The endings that must stand in the feed when it is answered.</param>
internal sealed record Pull(ClockReading Began, FeedItem? After, ImmutableDictionary<FeedKey, FeedEntry> Owed);

/// <summary>
/// How long a node may trust what it remembers of one partition. A pull that began at <i>t</i>, found the feed as this node left it, read it
/// to its end and met every ending that this node wrote before, proves that nothing happened until <i>t</i> that this node does not know:
/// it may answer from memory until <i>t</i> + bound. Nothing else renews the lease: no message, no connection event, no absence of errors.
/// Pure: a record of what is known, and functions to the next one.
/// </summary>
internal sealed record FreshnessLease
{
    /// <summary>A node that knows nothing yet.</summary>
    public static FreshnessLease None { get; } = new();

    /// <summary>The last entry that was read; null at the beginning of the feed.</summary>
    public FeedItem? Last { get; private init; }

    /// <summary>
    /// Endings that this node knows of and has not met in the feed since it last began to read it: its own latest, or all of them after the
    /// store went back.
    /// </summary>
    public ImmutableDictionary<FeedKey, FeedEntry> Owed { get; private init; } = ImmutableDictionary<FeedKey, FeedEntry>.Empty;

    /// <summary>When the pull began that proved everything known; null while nothing is proven.</summary>
    public ClockReading? Since { get; private init; }

    /// <summary>Whether memory may answer at <paramref name="now"/>.</summary>
    public bool IsGood(ClockReading now, TimeSpan bound) => Since is { } since && now.IsWithin(bound, since);

    /// <summary>A pull sent now.</summary>
    public Pull Begin(ClockReading now) => new(now, Last, Owed);

    /// <summary>This node's own write was acknowledged: pulls that begin from now on must find it.</summary>
    public FreshnessLease Wrote(FeedEntry entry) =>
        Owed.TryGetValue(entry.Key, out var known) && known.Least >= entry.Least ? this : this with { Owed = Owed.SetItem(entry.Key, entry) };

    /// <summary>The answer to <paramref name="pull"/>, which must be the last one that was begun.</summary>
    /// <param name="pull">The pull.</param>
    /// <param name="page">Its answer.</param>
    /// <param name="remembered">Every ending that this node remembers: asked for only to start over.</param>
    public (FreshnessLease Next, FollowStep Step) Answered(Pull pull, FeedPage page, Func<IEnumerable<FeedEntry>> remembered)
    {
        if (pull.After is { } after && (page.Items.Count == 0 || page.Items[0] != after))
        {
            var all = remembered().Aggregate(this, static (lease, entry) => lease.Wrote(entry));
            return (all with { Last = null, Since = null }, FollowStep.StartOver);
        }

        var owed = Owed.RemoveRange(page.Items.Where(item => IsMet(Owed, item.Entry)).Select(item => item.Entry.Key));
        var next = this with { Last = page.Items.Count > 0 ? page.Items[^1] : pull.After, Owed = owed };
        if (page.More)
        {
            return (next, FollowStep.PullOn);
        }

        return pull.Owed.Any(due => owed.TryGetValue(due.Key, out var still) && still.Least <= due.Value.Least)
            ? (next with { Since = null }, FollowStep.WriteAgain)
            : (next with { Since = pull.Began }, FollowStep.Rest);
    }

    private static bool IsMet(ImmutableDictionary<FeedKey, FeedEntry> owed, FeedEntry entry) =>
        owed.TryGetValue(entry.Key, out var due) && due.Least <= entry.Least;
}
