using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lru;
using Holdfast.Tokens;

namespace Holdfast.Freshness;

/// <summary>
/// Credentials that the store has just refused, by the digest of all of them, so that a client that keeps sending a dead one does not keep
/// asking the store. Never by handle: a wrong secret says nothing about the session that it names.
/// </summary>
internal sealed class RefusedCredentials(TimeSpan memory, TimeProvider clock)
{
    private const int Capacity = 10_000;

    private readonly ConcurrentLru<Digest, Refused> _refused = new(Capacity);

    public bool TryGet(Digest credential, [NotNullWhen(true)] out SessionCheck? check)
    {
        check = _refused.TryGet(credential, out var refused) && ClockReading.Of(clock).IsWithin(memory, refused.At) ? refused.Check : null;
        return check is not null;
    }

    public SessionCheck Add(Digest credential, SessionCheck check)
    {
        _refused.AddOrUpdate(credential, new Refused(check, ClockReading.Of(clock)));
        return check;
    }

    private sealed record Refused(SessionCheck Check, ClockReading At);
}
