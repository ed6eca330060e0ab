namespace Holdfast.Freshness;

/// <summary>What happened.</summary>
public enum FeedEntryKind
{
    /// <summary>A session was ended. One that expired is not told: every node can tell by its own clock.</summary>
    SessionEnded = 0,

    /// <summary>A session stepped up: access and CSRF tokens with an older credential version are dead.</summary>
    CredentialsRaised = 1,

    /// <summary>Every session of a subject was ended, perhaps but one.</summary>
    SubjectEnded = 2,

    /// <summary>Every session of a tenant was ended.</summary>
    EveryoneEnded = 3,
}

/// <summary>
/// One line of a partition's feed: what every node must know to answer from memory. It is appended in the same step as the write that it
/// tells of.
/// </summary>
public sealed record FeedEntry
{
    /// <summary>What happened.</summary>
    public required FeedEntryKind Kind { get; init; }

    /// <summary>Whose tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>Which session; with <see cref="FeedEntryKind.SubjectEnded"/> the one that was kept. Null if there is none.</summary>
    public SessionHandle? Handle { get; init; }

    /// <summary>Which subject; null unless the entry is about one.</summary>
    public string? Subject { get; init; }

    /// <summary>The least credential version or epoch that is still accepted; 0 for an ended session, which no version revives.</summary>
    public long Least { get; init; }

    /// <summary>Why; <see cref="EndReason.SignedOut"/> where nothing ended.</summary>
    public EndReason Reason { get; init; }

    /// <summary>When, by the store's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What <paramref name="next"/> tells over <paramref name="stored"/>; null if no node needs to know.</summary>
    public static FeedEntry? Of(Session stored, Session next)
    {
        if (next.Ending is { } ending)
        {
            return ending.Reason is EndReason.IdledOut or EndReason.Expired ? null : SessionEnded(next.Tenant, next.Handle, ending.Reason, ending.At);
        }

        return next.CredentialVersion <= stored.CredentialVersion ? null : new FeedEntry
        {
            Kind = FeedEntryKind.CredentialsRaised,
            Tenant = next.Tenant,
            Handle = next.Handle,
            Least = next.CredentialVersion,
            At = next.Elevation?.Assurance.AuthTime ?? next.LastSeenAt,
        };
    }

    /// <summary>One session ended.</summary>
    public static FeedEntry SessionEnded(string tenant, SessionHandle handle, EndReason reason, DateTimeOffset at) =>
        new() { Kind = FeedEntryKind.SessionEnded, Tenant = tenant, Handle = handle, Reason = reason, At = at };

    /// <summary>All sessions of a subject ended, but perhaps one.</summary>
    public static FeedEntry SubjectEnded(string tenant, string subject, SessionHandle? except, EpochReading epoch, EndReason reason) => new()
    {
        Kind = FeedEntryKind.SubjectEnded,
        Tenant = tenant,
        Subject = subject,
        Handle = except,
        Least = epoch.Epoch,
        Reason = reason,
        At = epoch.At,
    };

    /// <summary>All sessions of a tenant ended, in one partition.</summary>
    public static FeedEntry EveryoneEnded(string tenant, EpochReading epoch, EndReason reason) =>
        new() { Kind = FeedEntryKind.EveryoneEnded, Tenant = tenant, Least = epoch.Epoch, Reason = reason, At = epoch.At };

    /// <summary>What the entry is about: two entries of one key say the same, and the greater <see cref="Least"/> more.</summary>
    internal FeedKey Key =>
        new(Kind, Tenant, Kind is FeedEntryKind.SessionEnded or FeedEntryKind.CredentialsRaised ? Handle.ToString()! : Subject ?? "");
}

/// <summary>What an entry is about.</summary>
internal readonly record struct FeedKey(FeedEntryKind Kind, string Tenant, string About);

/// <summary>A place in a partition's feed. Later entries have greater positions; numbers may be left out.</summary>
/// <param name="Time">Counts first.</param>
/// <param name="Step">Counts among equal times.</param>
public readonly record struct FeedPosition(long Time, long Step) : IComparable<FeedPosition>
{
    /// <inheritdoc/>
    public int CompareTo(FeedPosition other) => Time != other.Time ? Time.CompareTo(other.Time) : Step.CompareTo(other.Step);
}

/// <summary>An entry at its place.</summary>
/// <param name="Position">The place.</param>
/// <param name="Entry">The entry.</param>
public sealed record FeedItem(FeedPosition Position, FeedEntry Entry);

/// <summary>The answer to a pull.</summary>
/// <param name="Items">The entries at and after the position that was asked for, oldest first.</param>
/// <param name="More">Whether there are more behind them.</param>
/// <param name="Now">The store's time.</param>
public sealed record FeedPage(IReadOnlyList<FeedItem> Items, bool More, DateTimeOffset Now);
