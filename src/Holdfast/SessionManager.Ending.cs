using System.Collections.Immutable;
using Holdfast.Auditing;
using Holdfast.Freshness;

namespace Holdfast;

public sealed partial class SessionManager
{
    private const int PageSize = 100;

    /// <summary>
    /// Ends a session. False if there is none or it had ended before. When this returns, the ending is durable and its data, claims,
    /// device and address are gone.
    /// </summary>
    public async ValueTask<bool> EndAsync(SessionHandle handle, EndReason reason, Caller caller, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (session, now) = await store.FindAsync(handle, cancellationToken);
            if (session is null)
            {
                return false;
            }

            if (session.Ending is not null)
            {
                // Whoever ended it was perhaps not told that it is safe: a store with replicas has them confirm it now.
                await store.ReplaceAsync(session, session.Version, cancellationToken);
                return false;
            }

            if (await ReplaceAsync(session.Ended(now, reason), session, cancellationToken))
            {
                await RecordAsync(reason == EndReason.SignedOut ? SessionEventType.SignedOut : SessionEventType.SessionEnded, session, caller, reason);
                return true;
            }
        }
    }

    /// <summary>Ends a session if it belongs to this subject; false, and nothing changes, if it is not theirs or does not live.</summary>
    public async ValueTask<bool> EndOwnAsync(
        string tenant, string subject, SessionHandle handle, EndReason reason, Caller caller, CancellationToken cancellationToken)
    {
        var (session, _) = await store.FindAsync(handle, cancellationToken);
        return session is not null && session.Tenant == tenant && session.Subject == subject
            && await EndAsync(handle, reason, caller, cancellationToken);
    }

    /// <summary>
    /// Ends every session of a subject, or every one but <paramref name="except"/>, by one write. A sign-in that is under way with the
    /// old proof is refused.
    /// </summary>
    public async ValueTask EndAllAsync(
        string tenant, string subject, SessionHandle? except, EndReason reason, Caller caller, CancellationToken cancellationToken)
    {
        CheckName(tenant, nameof(tenant));
        CheckName(subject, nameof(subject));
        var written = await store.EndAllAsync(tenant, subject, except, reason, cancellationToken);
        memory.Wrote(written.Partition, FeedEntry.SubjectEnded(tenant, subject, except, written, reason));
        await events.RecordAsync(Event(SessionEventType.SubjectEnded, tenant, caller) with
        {
            Subject = subject,
            Handle = except,
            Reason = except is null ? EndReasons.Name(reason) : $"{EndReasons.Name(reason)}_others",
        });
    }

    /// <summary>Ends every session of a tenant, anonymous ones included.</summary>
    public async ValueTask EndEveryoneAsync(string tenant, Caller caller, CancellationToken cancellationToken)
    {
        CheckName(tenant, nameof(tenant));
        foreach (var written in await store.EndEveryoneAsync(tenant, EndReason.Revoked, cancellationToken))
        {
            memory.Wrote(written.Partition, FeedEntry.EveryoneEnded(tenant, written, EndReason.Revoked));
        }

        await events.RecordAsync(Event(SessionEventType.EveryoneEnded, tenant, caller));
    }

    /// <summary>The live sessions of a subject, newest first: their devices. Expired ones that await clean-up are left out.</summary>
    public async ValueTask<ImmutableArray<Session>> ListAsync(string tenant, string subject, CancellationToken cancellationToken)
    {
        var sessions = ImmutableArray.CreateBuilder<Session>();
        string? cursor = null;
        do
        {
            var page = await store.ListAsync(tenant, subject, cursor, PageSize, cancellationToken);
            sessions.AddRange(page.Sessions.Where(session => SessionPolicy.Judge(session, page.Now) == SessionState.Live));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return sessions.ToImmutable();
    }
}

/// <summary>The stable names of <see cref="EndReason"/> in events and answers.</summary>
public static class EndReasons
{
    /// <summary>The name, such as <c>signed_out</c>.</summary>
    public static string Name(EndReason reason) => reason switch
    {
        EndReason.SignedOut => "signed_out",
        EndReason.EndedByUser => "ended_by_user",
        EndReason.Revoked => "revoked",
        EndReason.IdledOut => "idled_out",
        EndReason.Expired => "expired",
        EndReason.Evicted => "evicted",
        EndReason.TokenReused => "token_reused",
        EndReason.Superseded => "superseded",
        EndReason.AccountChanged => "account_changed",
        EndReason.SignedOutAtProvider => "signed_out_at_provider",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "There is no such reason."),
    };
}
