using System.Collections.Immutable;
using Holdfast.Data;
using Holdfast.Freshness;
using Holdfast.Limits;

namespace Holdfast;

/// <summary>
/// Where sessions live: the truth, and the clock that decides. The logic stands in the engine; a store reads, and replaces version n
/// by n + 1. <b>Live</b> means in every verb: not ended, and no newer epoch of its subject or tenant. A session that a newer epoch
/// overtook is returned as ended, with the epoch's reason and time, its claims and device gone.
/// </summary>
/// <remarks>
/// Every verb is atomic, safe under any concurrency from any number of processes, and durable when it returns.
/// An outage is a <see cref="StoreUnavailableException"/>, never an answer. A cancelled call may or may not have been applied.
/// </remarks>
public interface ISessionStore
{
    /// <summary>Into how many partitions sessions are spread, from 0; 1 to 256, and always the same. A handle names its own.</summary>
    int Partitions { get; }

    /// <summary>
    /// The facts that a new session of this subject starts from. Read before the password is checked, so that an "end all" in between is
    /// noticed by <see cref="CreateAsync"/>. An unknown subject has its tenant's epoch; an unknown tenant has epoch 0.
    /// </summary>
    ValueTask<SubjectReading> ReadSubjectAsync(string tenant, string? subject, CancellationToken cancellationToken);

    /// <summary>
    /// Inserts a session with its first data. Repeating it with the same handle changes nothing and answers as the first time, or
    /// <see cref="CreateStatus.Ended"/> if that session has ended since. The limit is exact even when sign-ins race.
    /// </summary>
    ValueTask<CreateResult> CreateAsync(NewSession session, CancellationToken cancellationToken);

    /// <summary>The authoritative record, ended ones included, or none. Unknown and purged are both "none".</summary>
    ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken);

    /// <summary>
    /// Compare-and-set: writes <paramref name="next"/> if the stored version is <paramref name="expectedVersion"/> and the stored record
    /// is live. False on a conflict, on an ended record and on an unknown one. The stored last-seen, epoch and confirmed generation win
    /// where they are greater. An ending drops the data and leaves the lists in the same step.
    /// </summary>
    ValueTask<bool> ReplaceAsync(Session next, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Moves last-seen and the confirmed generation forward, never back, on sessions that are live when it is applied; the rest of the
    /// batch is ignored. A last-seen beyond the store's clock counts as now. The version does not change.
    /// </summary>
    ValueTask TouchAsync(IReadOnlyCollection<SessionTouch> batch, CancellationToken cancellationToken);

    /// <summary>
    /// Ends every session of a subject by one atomic write of a newer epoch; <paramref name="except"/> is raised with it in the same
    /// step, if it is a live session of that subject. A session created with the older epoch is refused from then on. Answers the epoch.
    /// </summary>
    ValueTask<EpochReading> EndAllAsync(string tenant, string subject, SessionHandle? except, EndReason reason, CancellationToken cancellationToken);

    /// <summary>
    /// Ends every session of a tenant, anonymous ones included, by epochs that are all written before this returns. Answers those, one for
    /// each partition.
    /// </summary>
    ValueTask<IReadOnlyList<EpochReading>> EndEveryoneAsync(string tenant, EndReason reason, CancellationToken cancellationToken);

    /// <summary>
    /// A page of one subject's live sessions, newest first, by an index. Sessions that expired but are not yet purged may stand among
    /// them; the engine leaves them out.
    /// </summary>
    ValueTask<SessionPage> ListAsync(string tenant, string subject, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>
    /// A page of a tenant's live sessions, by an index, in an order of the store's choosing. Each session that lives throughout is
    /// seen exactly once. A malformed cursor is an <see cref="ArgumentException"/>.
    /// </summary>
    ValueTask<SessionPage> BrowseAsync(string tenant, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>The data of a live session, empty if none was written; null if there is no such live session.</summary>
    ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken);

    /// <summary>
    /// Writes and removes fields in one step, all of them or none. Other fields stay, so that two requests that write different fields
    /// lose nothing. Refused for a session that has ended, is being upgraded, or would exceed <paramref name="maxBytes"/>.
    /// </summary>
    ValueTask<DataWriteStatus> WriteDataAsync(
        SessionHandle handle, IReadOnlyCollection<DataChange> changes, int maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// One bounded step of clean-up: writes an ending for at most <paramref name="batch"/> sessions that expired (each is returned by
    /// exactly one call, on any node), clears what a newer epoch overtook, and deletes endings older than
    /// <see cref="SessionPolicy.EndingMemory"/>. Never a live session.
    /// </summary>
    ValueTask<PurgeResult> PurgeAsync(int batch, CancellationToken cancellationToken);

    /// <summary>
    /// The feed of one partition: what happened to its sessions in the last <see cref="SessionPolicy.EndingMemory"/> that nodes must know,
    /// in the order in which it was written. Entries are appended in the same step as the write that they tell of. The newest entry always
    /// stays, so that a quiet feed can be followed. A store that could no longer acknowledge writes (a master cut off from its replicas) must
    /// refuse this as well: the pull that it answers is what a node trusts.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="from">The position of the entry to begin with, itself included if it is there; null for the oldest.</param>
    /// <param name="count">The most entries to answer.</param>
    /// <param name="node">Who asks, for the store to note that it is there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<FeedPage> PullAsync(int partition, FeedPosition? from, int count, string node, CancellationToken cancellationToken);

    /// <summary>
    /// Writes endings that the store has lost: it fell back to an older state, and a node remembers them. Sessions end that live, epochs rise
    /// that are smaller, and each entry stands in the feed again. Repeating it is harmless.
    /// </summary>
    ValueTask RestoreAsync(int partition, IReadOnlyCollection<FeedEntry> entries, CancellationToken cancellationToken);

    /// <summary>
    /// Calls <paramref name="ring"/> with a partition when there may be news in its feed. It only hurries those who follow: it may ring for
    /// nothing, and need not ring at all. Disposing the result ends it.
    /// </summary>
    IDisposable OnNews(Action<int> ring);

    /// <summary>A small named record of the store itself (signing keys, identity), or null.</summary>
    ValueTask<StoreDocument?> ReadDocumentAsync(string name, CancellationToken cancellationToken);

    /// <summary>Compare-and-set of a named record; <paramref name="expectedVersion"/> 0 means that there must be none yet.</summary>
    ValueTask<bool> WriteDocumentAsync(string name, ReadOnlyMemory<byte> content, long expectedVersion, CancellationToken cancellationToken);
}

/// <summary>What a new session of a subject starts from.</summary>
/// <param name="Partition">The first byte of its handle.</param>
/// <param name="Epoch">The epoch that it will carry.</param>
/// <param name="Now">The store's time.</param>
public readonly record struct SubjectReading(byte Partition, long Epoch, DateTimeOffset Now);

/// <summary>An epoch that was written.</summary>
/// <param name="Partition">Where.</param>
/// <param name="Epoch">Its value.</param>
/// <param name="At">When, by the store's clock.</param>
public readonly record struct EpochReading(byte Partition, long Epoch, DateTimeOffset At);

/// <summary>An authoritative read.</summary>
/// <param name="Session">The record, or null.</param>
/// <param name="Now">The store's time when it was read.</param>
public readonly record struct SessionReading(Session? Session, DateTimeOffset Now);

/// <summary>A session to insert.</summary>
/// <param name="Session">The record, version 1; its epoch is the one that was read before the subject proved who they are.</param>
/// <param name="Data">Its first data.</param>
/// <param name="Limit">How many sessions its subject may have.</param>
public sealed record NewSession(Session Session, ImmutableDictionary<string, ReadOnlyMemory<byte>> Data, SessionLimit Limit);

/// <summary>What became of an insert.</summary>
public enum CreateStatus
{
    /// <summary>The session lives.</summary>
    Created = 0,

    /// <summary>Refused: the subject has as many sessions as it may, and the limit says refuse.</summary>
    LimitReached = 1,

    /// <summary>Refused: an "end all" came between reading the epoch and this insert.</summary>
    EpochMoved = 2,

    /// <summary>Refused: a session of this handle has already ended.</summary>
    Ended = 3,
}

/// <summary>The answer to an insert.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Evicted">The sessions that the limit ended in the same step.</param>
public sealed record CreateResult(CreateStatus Status, ImmutableArray<SessionHandle> Evicted)
{
    /// <summary>An answer with nothing evicted.</summary>
    public static CreateResult Of(CreateStatus status) => new(status, []);
}

/// <summary>Something seen of a session, told later in a batch.</summary>
/// <param name="Handle">Which session.</param>
/// <param name="SeenAt">When a request was made for its user; null if none was.</param>
/// <param name="ConfirmedGeneration">The refresh generation seen in use; 0 if none was.</param>
public readonly record struct SessionTouch(SessionHandle Handle, DateTimeOffset? SeenAt, int ConfirmedGeneration);

/// <summary>One page of sessions.</summary>
/// <param name="Sessions">The records.</param>
/// <param name="NextCursor">Where the next page starts; null at the end.</param>
/// <param name="Now">The store's time.</param>
public sealed record SessionPage(ImmutableArray<Session> Sessions, string? NextCursor, DateTimeOffset Now);

/// <summary>What one step of clean-up did.</summary>
/// <param name="Expired">Sessions that were live and expired, now ended.</param>
/// <param name="Deleted">How many old endings were deleted, or overtaken sessions cleared.</param>
/// <param name="More">Whether another step has work to do now.</param>
public sealed record PurgeResult(ImmutableArray<ExpiredSession> Expired, int Deleted, bool More);

/// <summary>A session that clean-up ended.</summary>
/// <param name="Handle">Which.</param>
/// <param name="Tenant">Its tenant.</param>
/// <param name="Subject">Its subject; null if anonymous.</param>
/// <param name="Reason"><see cref="EndReason.IdledOut"/> or <see cref="EndReason.Expired"/>.</param>
public sealed record ExpiredSession(SessionHandle Handle, string Tenant, string? Subject, EndReason Reason);

/// <summary>A small named record of the store itself.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Version">Its version, from 1.</param>
public sealed record StoreDocument(ReadOnlyMemory<byte> Content, long Version);

/// <summary>
/// The store cannot be asked now. This is neither "valid" nor "invalid": callers answer 503, keep every cookie, and the client may try again.
/// </summary>
public sealed class StoreUnavailableException : Exception
{
    /// <summary>Says which store failed at what; never with a connection string.</summary>
    public StoreUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
