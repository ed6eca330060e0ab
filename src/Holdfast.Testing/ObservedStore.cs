using Holdfast.Data;

namespace Holdfast.Testing;

/// <summary>A store that counts what is asked of it, and can fall silent.</summary>
public sealed class ObservedStore(ISessionStore inner) : ISessionStore
{
    private int _documentReads;
    private int _reads;
    private int _writes;

    /// <summary>How often a document was read.</summary>
    public int DocumentReads => _documentReads;

    /// <summary>Everything that asks for sessions or their data.</summary>
    public int Reads => _reads;

    /// <summary>Everything that changes something.</summary>
    public int Writes => _writes;

    /// <summary>Whether it behaves as a store that cannot be reached.</summary>
    public bool Silent { get; set; }

    /// <inheritdoc/>
    public ValueTask<SubjectReading> ReadSubjectAsync(string tenant, string? subject, CancellationToken cancellationToken) =>
        Read().ReadSubjectAsync(tenant, subject, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CreateResult> CreateAsync(NewSession session, CancellationToken cancellationToken) => Counted().CreateAsync(session, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken) => Read().FindAsync(handle, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ReplaceAsync(Session next, long expectedVersion, CancellationToken cancellationToken) =>
        Counted().ReplaceAsync(next, expectedVersion, cancellationToken);

    /// <inheritdoc/>
    public ValueTask TouchAsync(IReadOnlyCollection<SessionTouch> batch, CancellationToken cancellationToken) => Counted().TouchAsync(batch, cancellationToken);

    /// <inheritdoc/>
    public ValueTask EndAllAsync(string tenant, string subject, SessionHandle? except, EndReason reason, CancellationToken cancellationToken) =>
        Counted().EndAllAsync(tenant, subject, except, reason, cancellationToken);

    /// <inheritdoc/>
    public ValueTask EndEveryoneAsync(string tenant, EndReason reason, CancellationToken cancellationToken) =>
        Counted().EndEveryoneAsync(tenant, reason, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionPage> ListAsync(string tenant, string subject, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        Read().ListAsync(tenant, subject, cursor, pageSize, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionPage> BrowseAsync(string tenant, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        Read().BrowseAsync(tenant, cursor, pageSize, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken) => Read().ReadDataAsync(handle, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DataWriteStatus> WriteDataAsync(SessionHandle handle, IReadOnlyCollection<DataChange> changes, int maxBytes, CancellationToken cancellationToken) =>
        Counted().WriteDataAsync(handle, changes, maxBytes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PurgeResult> PurgeAsync(int batch, CancellationToken cancellationToken) => Counted().PurgeAsync(batch, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreDocument?> ReadDocumentAsync(string name, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _documentReads);
        return Up().ReadDocumentAsync(name, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<bool> WriteDocumentAsync(string name, ReadOnlyMemory<byte> content, long expectedVersion, CancellationToken cancellationToken) =>
        Counted().WriteDocumentAsync(name, content, expectedVersion, cancellationToken);

    private ISessionStore Counted()
    {
        Interlocked.Increment(ref _writes);
        return Up();
    }

    private ISessionStore Read()
    {
        Interlocked.Increment(ref _reads);
        return Up();
    }

    private ISessionStore Up() => Silent ? throw new StoreUnavailableException("The store is silent.") : inner;
}
