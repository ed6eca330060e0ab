namespace Holdfast.Protocol;

/// <summary>What happened since a position, in one tenant: what a backend must know to check sessions by itself.</summary>
public sealed record FeedResponse
{
    /// <summary>Where to go on; it means the same to every server of one store.</summary>
    public required string Position { get; init; }

    /// <summary>
    /// Whether the entries are all that still matter, since the server could not go on from the position: forget whatever was remembered of
    /// live sessions.
    /// </summary>
    public required bool StartsOver { get; init; }

    /// <summary>Whether there is more: ask again at once, and trust nothing before.</summary>
    public required bool More { get; init; }

    /// <summary>How old, in milliseconds, the server's knowledge was when the request arrived; negative if it was renewed while the request waited.</summary>
    public required long AgeMs { get; init; }

    /// <summary>The staleness bound, in milliseconds. Memory may answer until the follower's own sending time - age + this.</summary>
    public required long MaxStalenessMs { get; init; }

    /// <summary>The store's time when the request arrived, as this server knows it: what the end of an access token is held against.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>What happened, in the order of each partition.</summary>
    public required IReadOnlyList<FeedEntryRecord> Entries { get; init; }
}

/// <summary>One thing that happened.</summary>
public sealed record FeedEntryRecord
{
    /// <summary><c>session_ended</c>, <c>credentials_raised</c>, <c>subject_ended</c> or <c>everyone_ended</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Where: <c>everyone_ended</c> speaks of the sessions whose handle begins with this byte.</summary>
    public required int Partition { get; init; }

    /// <summary>The session; with <c>subject_ended</c> the one that goes on.</summary>
    public string? Sid { get; init; }

    /// <summary>The subject, if it is about one.</summary>
    public string? Subject { get; init; }

    /// <summary>The least <c>cv</c>, or the least epoch, that is still good. Absent for an ended session, which nothing revives.</summary>
    public long? Least { get; init; }

    /// <summary>Why it ended.</summary>
    public string? Reason { get; init; }

    /// <summary>When, by the store's clock.</summary>
    public required DateTimeOffset At { get; init; }
}
