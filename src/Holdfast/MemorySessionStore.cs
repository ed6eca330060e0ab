using System.Collections.Immutable;
using Holdfast.Data;
using Holdfast.Freshness;

namespace Holdfast;

/// <summary>
/// Sessions in this process, behind one lock: for tests and demonstrations, and the plainest reading of what a store promises. It is
/// never unavailable, and empty after a restart.
/// </summary>
public sealed partial class MemorySessionStore(TimeProvider clock) : ISessionStore
{
    private const int SweepBatch = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<SessionHandle, Entry> _sessions = [];
    private readonly Dictionary<(string Tenant, string Subject), Epoch> _subjectEpochs = [];
    private readonly Dictionary<string, Epoch> _tenantEpochs = [];
    private readonly Dictionary<string, StoreDocument> _documents = [];
    private long _highestEpoch;

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());

    /// <inheritdoc/>
    public ValueTask<SubjectReading> ReadSubjectAsync(string tenant, string? subject, CancellationToken cancellationToken) =>
        Locked(() => new SubjectReading(0, EpochOf(tenant, subject).Value, Now), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CreateResult> CreateAsync(NewSession session, CancellationToken cancellationToken) => Locked(() => Create(session), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken) =>
        Locked(() => new SessionReading(Read(handle)?.Session, Now), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ReplaceAsync(Session next, long expectedVersion, CancellationToken cancellationToken) => Locked(
        () =>
        {
            if (ReadLive(next.Handle) is not { } entry || entry.Session.Version != expectedVersion)
            {
                return false;
            }

            var stored = entry.Session;
            Tell(FeedEntry.Of(stored, next));
            entry.Session = next with
            {
                LastSeenAt = Later(next.LastSeenAt, stored.LastSeenAt),
                Epoch = Math.Max(next.Epoch, stored.Epoch),
                Refresh = Confirm(next.Refresh, stored.Refresh?.ConfirmedGeneration ?? 0),
            };
            if (next.Ending is not null)
            {
                entry.Clear();
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask TouchAsync(IReadOnlyCollection<SessionTouch> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var now = Now;
            foreach (var touch in batch)
            {
                if (ReadLive(touch.Handle) is { } entry)
                {
                    var seen = touch.SeenAt is not { } at ? entry.Session.LastSeenAt : at > now ? now : at;
                    entry.Session = entry.Session with
                    {
                        LastSeenAt = Later(seen, entry.Session.LastSeenAt),
                        Refresh = Confirm(entry.Session.Refresh, touch.ConfirmedGeneration),
                    };
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<EpochReading> EndAllAsync(string tenant, string subject, SessionHandle? except, EndReason reason, CancellationToken cancellationToken) => Locked(
        () =>
        {
            var kept = except is { } handle && ReadLive(handle) is { } entry && entry.Session.Tenant == tenant && entry.Session.Subject == subject ? entry : null;
            var epoch = NextEpoch(reason);
            _subjectEpochs[(tenant, subject)] = epoch;
            if (kept is not null)
            {
                kept.Session = kept.Session with { Epoch = epoch.Value };
            }

            var written = new EpochReading(0, epoch.Value, epoch.At);
            Tell(FeedEntry.SubjectEnded(tenant, subject, except, written, reason));
            Sweep(SweepBatch);
            return written;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<EpochReading>> EndEveryoneAsync(string tenant, EndReason reason, CancellationToken cancellationToken) => Locked(
        () =>
        {
            var epoch = NextEpoch(reason);
            _tenantEpochs[tenant] = epoch;
            var written = new EpochReading(0, epoch.Value, epoch.At);
            Tell(FeedEntry.EveryoneEnded(tenant, written, reason));
            Sweep(SweepBatch);
            return (IReadOnlyList<EpochReading>)[written];
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionPage> ListAsync(string tenant, string subject, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        Locked(() => Page(Live().Where(session => session.Tenant == tenant && session.Subject == subject), cursor, pageSize), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionPage> BrowseAsync(string tenant, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        Locked(() => Page(Live().Where(session => session.Tenant == tenant), cursor, pageSize), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken) =>
        Locked(() => ReadLive(handle) is { } entry ? new SessionData(entry.Data) : null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DataWriteStatus> WriteDataAsync(
        SessionHandle handle, IReadOnlyCollection<DataChange> changes, int maxBytes, CancellationToken cancellationToken) => Locked(
        () =>
        {
            if (ReadLive(handle) is not { } entry)
            {
                return DataWriteStatus.NotLive;
            }

            if (entry.Session.Upgrade is not null)
            {
                return DataWriteStatus.Frozen;
            }

            var (status, data) = DataWrite.Apply(entry.Data, changes, entry.DataVersion + 1, maxBytes);
            if (status == DataWriteStatus.Written)
            {
                entry.Data = data;
                entry.DataVersion++;
            }

            return status;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PurgeResult> PurgeAsync(int batch, CancellationToken cancellationToken) => Locked(() => Purge(batch), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreDocument?> ReadDocumentAsync(string name, CancellationToken cancellationToken) =>
        Locked(() => _documents.GetValueOrDefault(name), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> WriteDocumentAsync(string name, ReadOnlyMemory<byte> content, long expectedVersion, CancellationToken cancellationToken) => Locked(
        () =>
        {
            if ((_documents.GetValueOrDefault(name)?.Version ?? 0) != expectedVersion)
            {
                return false;
            }

            _documents[name] = new StoreDocument(content.ToArray(), expectedVersion + 1);
            return true;
        },
        cancellationToken);

    private CreateResult Create(NewSession request)
    {
        var session = request.Session;
        var now = Now;
        if (Read(session.Handle) is { } existing)
        {
            return CreateResult.Of(existing.Session.Ending is null ? CreateStatus.Created : CreateStatus.Ended);
        }

        if (EpochOf(session.Tenant, session.Subject).Value != session.Epoch)
        {
            return CreateResult.Of(CreateStatus.EpochMoved);
        }

        var verdict = session.Subject is null || request.Limit.Max == 0 ? Limits.LimitVerdict.Admit : request.Limit.Decide(
        [
            .. Live().Where(other => other.Tenant == session.Tenant && other.Subject == session.Subject && SessionPolicy.Judge(other, now) == SessionState.Live)
                .Select(other => new Limits.LimitCandidate(other.Handle, other.CreatedAt, other.LastSeenAt)),
        ]);
        if (!verdict.Admitted)
        {
            return CreateResult.Of(CreateStatus.LimitReached);
        }

        foreach (var handle in verdict.Evicted)
        {
            _sessions[handle].End(now, EndReason.Evicted);
            Tell(FeedEntry.SessionEnded(session.Tenant, handle, EndReason.Evicted, now));
        }

        _sessions.Add(session.Handle, new Entry(session)
        {
            Data = request.Data.ToImmutableDictionary(field => field.Key, field => new DataField(field.Value, 1)),
        });
        return new CreateResult(CreateStatus.Created, verdict.Evicted);
    }

    private PurgeResult Purge(int batch)
    {
        var now = Now;
        var expired = ImmutableArray.CreateBuilder<ExpiredSession>();
        foreach (var session in Live().Where(session => SessionPolicy.Judge(session, now) != SessionState.Live).Take(batch).ToArray())
        {
            var reason = SessionPolicy.Judge(session, now) == SessionState.Expired ? EndReason.Expired : EndReason.IdledOut;
            _sessions[session.Handle].End(now, reason);
            expired.Add(new ExpiredSession(session.Handle, session.Tenant, session.Subject, reason));
        }

        var swept = Sweep(batch);
        var forgotten = now - SessionPolicy.EndingMemory;
        TrimFeed(forgotten);
        SessionHandle[] old = [.. _sessions.Values.Where(entry => entry.Session.Ending?.At < forgotten).Select(entry => entry.Session.Handle).Take(batch)];
        foreach (var handle in old)
        {
            _sessions.Remove(handle);
        }

        if (swept == 0)
        {
            // An epoch may be forgotten once nothing carries an older one; the highest ever stays, so that no later one is smaller.
            foreach (var key in _subjectEpochs.Where(epoch => epoch.Value.At < forgotten).Select(epoch => epoch.Key).Take(batch).ToArray())
            {
                _subjectEpochs.Remove(key);
            }
        }

        return new PurgeResult(expired.ToImmutable(), old.Length + swept, expired.Count == batch || old.Length == batch || swept == batch);
    }

    private int Sweep(int batch)
    {
        Entry[] overtaken = [.. _sessions.Values.Where(entry => entry.Session.Ending is null && IsOvertaken(entry.Session)).Take(batch)];
        foreach (var entry in overtaken)
        {
            Read(entry.Session.Handle);
        }

        return overtaken.Length;
    }

    private IEnumerable<Session> Live() =>
        _sessions.Values.Select(entry => entry.Session).Where(session => session.Ending is null && !IsOvertaken(session));

    private bool IsOvertaken(Session session) => session.Epoch < EpochOf(session.Tenant, session.Subject).Value;

    private Entry? ReadLive(SessionHandle handle) => Read(handle) is { Session.Ending: null } entry ? entry : null;

    // Whoever reads an overtaken record finds its ending, and leaves it written.
    private Entry? Read(SessionHandle handle)
    {
        if (_sessions.TryGetValue(handle, out var entry) && entry.Session.Ending is null && IsOvertaken(entry.Session))
        {
            var epoch = EpochOf(entry.Session.Tenant, entry.Session.Subject);
            entry.End(epoch.At, epoch.Reason);
        }

        return entry;
    }

    private Epoch EpochOf(string tenant, string? subject)
    {
        var ofTenant = _tenantEpochs.GetValueOrDefault(tenant);
        var ofSubject = subject is null ? default : _subjectEpochs.GetValueOrDefault((tenant, subject));
        return ofSubject.Value > ofTenant.Value ? ofSubject : ofTenant;
    }

    private Epoch NextEpoch(EndReason reason)
    {
        var now = Now;
        _highestEpoch = Math.Max(_highestEpoch + 1, now.ToUnixTimeMilliseconds());
        return new Epoch(_highestEpoch, now, reason);
    }

    private SessionPage Page(IEnumerable<Session> sessions, string? cursor, int pageSize)
    {
        var after = PageCursor.Parse(cursor);
        Session[] page =
        [
            .. sessions.OrderByDescending(PageCursor.Of).Where(session => after is not { } position || PageCursor.Of(session).CompareTo(position) < 0).Take(pageSize + 1),
        ];
        return new SessionPage([.. page.Take(pageSize)], page.Length > pageSize ? PageCursor.Of(page[pageSize - 1]).ToString() : null, Now);
    }

    private ValueTask<T> Locked<T>(Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return ValueTask.FromResult(work());
        }
    }

    private static Refresh.RefreshLineage? Confirm(Refresh.RefreshLineage? lineage, int generation) =>
        lineage is null || lineage.ConfirmedGeneration >= generation ? lineage : lineage with { ConfirmedGeneration = generation };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private readonly record struct Epoch(long Value, DateTimeOffset At, EndReason Reason);

    private sealed class Entry(Session session)
    {
        public Session Session { get; set; } = session;

        public ImmutableDictionary<string, DataField> Data { get; set; } = ImmutableDictionary<string, DataField>.Empty;

        public long DataVersion { get; set; } = 1;

        public void End(DateTimeOffset at, EndReason reason)
        {
            Session = Session.Ended(at, reason);
            Clear();
        }

        public void Clear() => Data = ImmutableDictionary<string, DataField>.Empty;
    }
}
