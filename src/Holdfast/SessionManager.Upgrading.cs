using System.Collections.Immutable;
using Holdfast.Auditing;

namespace Holdfast;

/// <remarks>
/// The new session lies in another partition, so its data cannot be carried over in one step: freeze the old session, copy, create the
/// new one, end the old one. Each step is a compare-and-set on the old record, so of two that try, one notices.
/// </remarks>
public sealed partial class SessionManager
{
    /// <summary>After how long a carrying-over that nobody finished is undone, and data may be written again.</summary>
    public static readonly TimeSpan UpgradePatience = TimeSpan.FromSeconds(30);

    private async ValueTask<Session?> FreezeAsync(SignIn signIn, string tenant, SessionHandle successor, CancellationToken cancellationToken)
    {
        if (signIn.Replaces is not { } handle)
        {
            return null;
        }

        while (true)
        {
            var (old, now) = await store.FindAsync(handle, cancellationToken);
            if (old is null || old.Tenant != tenant || SessionPolicy.Judge(old, now) != SessionState.Live)
            {
                return null;
            }

            var frozen = old with { Version = old.Version + 1, Upgrade = new Upgrade(successor, now) };
            if (await ReplaceAsync(frozen, old, cancellationToken))
            {
                return frozen;
            }
        }
    }

    private async ValueTask<ImmutableDictionary<string, ReadOnlyMemory<byte>>> CopyDataAsync(SessionHandle handle, CancellationToken cancellationToken)
    {
        var data = await ReadDataAsync(handle, cancellationToken);
        return data is null ? NoData : data.Fields.ToImmutableDictionary(field => field.Key, field => field.Value.Value);
    }

    // True when the old session has ended and nobody else carried it over.
    private async ValueTask<bool> SupersedeAsync(Session frozen, Caller caller, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (old, now) = await store.FindAsync(frozen.Handle, cancellationToken);
            if (old is null || old.Ending is not null)
            {
                return old?.Ending?.Reason != EndReason.Superseded;
            }

            if (old.Upgrade?.Successor != frozen.Upgrade!.Successor)
            {
                return false;
            }

            if (await ReplaceAsync(old.Ended(now, EndReason.Superseded), old, cancellationToken))
            {
                await RecordAsync(SessionEventType.SessionEnded, old, caller, EndReason.Superseded);
                return true;
            }
        }
    }

    private async ValueTask ThawAsync(Session? frozen, CancellationToken cancellationToken)
    {
        while (frozen is not null)
        {
            var (old, _) = await store.FindAsync(frozen.Handle, cancellationToken);
            if (old?.Upgrade is null || old.Upgrade.Successor != frozen.Upgrade!.Successor || old.Ending is not null
                || await ReplaceAsync(old with { Version = old.Version + 1, Upgrade = null }, old, cancellationToken))
            {
                return;
            }
        }
    }
}
