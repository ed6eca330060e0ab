using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching;
using BitFaster.Caching.Lru;

namespace Holdfast.Freshness;

/// <summary>
/// Live sessions by handle, bounded in number and in bytes; those that are used stay. Nothing here says whether an entry may be believed:
/// that is its partition's to say.
/// </summary>
internal sealed class SessionCache
{
    private readonly ConcurrentLru<SessionHandle, RememberedSession> _sessions;
    private readonly long _maxBytes;
    private long _bytes;

    public SessionCache(int maxEntries, long maxBytes)
    {
        _maxBytes = maxBytes;
        _sessions = new ConcurrentLru<SessionHandle, RememberedSession>(maxEntries);
        _sessions.Events.Value!.ItemRemoved += (_, removed) => Interlocked.Add(ref _bytes, -removed.Value!.Size - Overhead);
        _sessions.Events.Value!.ItemUpdated += (_, updated) => Interlocked.Add(ref _bytes, -updated.OldValue!.Size - Overhead);
    }

    /// <summary>What the cache itself takes for an entry, in bytes, as measured.</summary>
    private const int Overhead = 150;

    public int Count => _sessions.Count;

    /// <summary>About how much memory all of it takes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public bool TryGet(SessionHandle handle, [NotNullWhen(true)] out RememberedSession? session) => _sessions.TryGet(handle, out session);

    public void Put(SessionHandle handle, RememberedSession session)
    {
        Interlocked.Add(ref _bytes, session.Size + Overhead);
        _sessions.AddOrUpdate(handle, session);
        if (Bytes > _maxBytes)
        {
            // A tenth at once, so that this is rare.
            _sessions.Policy.Eviction.Value!.Trim(Math.Max(1, _sessions.Count / 10));
        }
    }

    public void Remove(SessionHandle handle) => _sessions.TryRemove(handle);
}
