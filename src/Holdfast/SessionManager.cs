using System.Diagnostics.CodeAnalysis;
using Holdfast.Auditing;
using Holdfast.Freshness;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>
/// The main flow: reads a record, lets the policy decide, and asks the store to replace version n by n + 1; on a conflict it reads and
/// decides again. Each such conflict means that somebody else made progress. All members are safe from any number of threads.
/// </summary>
public sealed partial class SessionManager(
    ISessionStore store, SessionMemory memory, MasterKeys keys, KeyRing keyRing, HoldfastOptions options, TouchBuffer touches, SessionEvents events)
{
    /// <summary>
    /// Judges a session cookie and renews its secret when that is due. Only a genuine secret learns that its session expired or was
    /// revoked; to everybody else unknown, malformed and forged are one answer.
    /// </summary>
    /// <param name="text">The cookie's value as presented.</param>
    /// <param name="tenant">The tenant that the request belongs to.</param>
    /// <param name="renew">Whether the response can carry a cookie to the client.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">Nobody knows: answer 503 and leave the cookie alone.</exception>
    public ValueTask<SessionCheck> CheckCookieAsync(string? text, string tenant, bool renew, Caller caller, CancellationToken cancellationToken)
    {
        if (TryRecallCookie(text, tenant, out var check))
        {
            return ValueTask.FromResult(check);
        }

        return SessionCookie.TryRead(text, out var handle, out var digest)
            ? AskAboutCookieAsync(text!, handle, digest, tenant, renew, caller, cancellationToken)
            : RejectAsync(Refusal.Missing, text, "malformed", tenant, caller);
    }

    /// <summary>The same for a cookie that memory knows to be good; false says nothing.</summary>
    internal bool TryRecallCookie(ReadOnlySpan<char> text, string tenant, [NotNullWhen(true)] out SessionCheck? check)
    {
        check = SessionCookie.TryRead(text, out var handle, out var digest) && memory.TryRecall(handle, digest, tenant, out var now, out var remembered)
            ? new SessionCheck(handle, remembered, now) : null;
        return check is not null;
    }

    /// <summary>
    /// Judges an access token: its signature, then its session. A token that is older than a step-up or than an "end all" that its
    /// session survived is answered <see cref="Refusal.TokenExpired"/>, so that the client refreshes it.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nobody knows: answer 503.</exception>
    public ValueTask<SessionCheck> CheckAccessTokenAsync(string token, SessionTerms terms, Caller caller, CancellationToken cancellationToken) =>
        TryRecallAccessToken(token, terms, out var check)
            ? ValueTask.FromResult(check) : AskAboutAccessTokenAsync(token, terms, caller, cancellationToken);

    /// <summary>The same for a token that memory knows to be good; false says nothing.</summary>
    internal bool TryRecallAccessToken(ReadOnlySpan<char> token, SessionTerms terms, [NotNullWhen(true)] out SessionCheck? check)
    {
        check = keyRing.TryRecall(token, terms.Audience, out var verified) && verified.Facts.Tenant == terms.Tenant && memory.Vouches(verified)
            ? new SessionCheck(verified, memory.Clock.GetUtcNow()) : null;
        return check is not null;
    }

    /// <summary>
    /// Tells that a request was made for the user. Refused requests and machine traffic must not: the session would idle out later than
    /// its user left.
    /// </summary>
    public void Seen(SessionCheck check)
    {
        if (check.TakeTouch())
        {
            touches.Add(new SessionTouch(check.Handle, check.Now, 0));
        }
    }

    /// <summary>The same for a use that came without a credential of its own: a call on a connection that was checked when it opened.</summary>
    public void Seen(SessionHandle handle, DateTimeOffset at) => touches.Add(new SessionTouch(handle, at, 0));

    /// <summary>The session if it lives now; null if it ended, expired (which is written first) or never was.</summary>
    /// <exception cref="StoreUnavailableException">Nobody knows.</exception>
    public async ValueTask<Session?> FindLiveAsync(SessionHandle handle, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (session, now) = await store.FindAsync(handle, cancellationToken);
            if (session is null)
            {
                return null;
            }

            switch (SessionPolicy.Judge(session, now))
            {
                case SessionState.Live:
                    return session;
                case SessionState.Ended:
                    return null;
                default:
                    await WriteExpiryAsync(session, now, Caller.Application, cancellationToken);
                    continue;
            }
        }
    }

    // Every write to a session goes this way, so that this node knows at once what it has done.
    private async ValueTask<bool> ReplaceAsync(Session next, Session stored, CancellationToken cancellationToken)
    {
        if (!await store.ReplaceAsync(next, stored.Version, cancellationToken))
        {
            return false;
        }

        if (FeedEntry.Of(stored, next) is { } entry)
        {
            memory.Wrote(next.Handle.Partition, entry);
        }

        return true;
    }

    private async ValueTask<SessionCheck> RejectAsync(Refusal refusal, string? credential, string reason, string tenant, Caller caller)
    {
        await events.RecordAsync(Event(SessionEventType.CredentialRejected, tenant, caller) with
        {
            Reason = reason,
            CredentialHash = keys.HashForLogs(credential),
        });
        return new SessionCheck(refusal, null, default);
    }

    private async ValueTask WriteExpiryAsync(Session session, DateTimeOffset now, Caller caller, CancellationToken cancellationToken)
    {
        // The verdict is written before anybody hears it, so that no touch under way can take it back.
        var reason = SessionPolicy.Judge(session, now) == SessionState.Expired ? EndReason.Expired : EndReason.IdledOut;
        if (await ReplaceAsync(session.Ended(now, reason), session, cancellationToken))
        {
            await RecordAsync(SessionEventType.SessionExpired, session, caller, reason);
        }
    }

    private static Refusal RefusalFor(Session ended) =>
        ended.Ending!.Reason is EndReason.IdledOut or EndReason.Expired ? Refusal.Expired : Refusal.Revoked;

    private ValueTask RecordAsync(SessionEventType type, Session session, Caller caller, EndReason? reason = null) =>
        events.RecordAsync(Event(type, session.Tenant, caller) with
        {
            Subject = session.Subject,
            Handle = session.Handle,
            Client = session.Client ?? (session.Refresh is null ? null : options.EffectiveClientId),
            Reason = reason is { } known ? EndReasons.Name(known) : null,
        });

    private static SessionEvent Event(SessionEventType type, string tenant, Caller caller) => new()
    {
        At = default,
        Type = type,
        Tenant = tenant,
        Actor = type == SessionEventType.SessionExpired || type == SessionEventType.SessionEvicted ? "policy" : caller == Caller.Application ? "application" : "user",
        Address = caller.Address,
        UserAgent = caller.UserAgent,
        CorrelationId = caller.CorrelationId,
    };
}
