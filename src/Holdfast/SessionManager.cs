using Holdfast.Auditing;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>
/// The main flow: reads a record, lets the policy decide, and asks the store to replace version n by n + 1; on a conflict it reads and
/// decides again. Each such conflict means that somebody else made progress. All members are safe from any number of threads.
/// </summary>
public sealed partial class SessionManager(
    ISessionStore store, MasterKeys keys, KeyRing keyRing, HoldfastOptions options, TouchBuffer touches, SessionEvents events)
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
    public async ValueTask<SessionCheck> CheckCookieAsync(
        string? text, string tenant, bool renew, Caller caller, CancellationToken cancellationToken)
    {
        if (!SessionCookie.TryParse(text, out var cookie))
        {
            return await RejectAsync(Refusal.Missing, text, "malformed", tenant, caller);
        }

        while (true)
        {
            var (session, now) = await store.FindAsync(cookie.Handle, cancellationToken);
            if (session?.Cookie is not { } lineage || session.Tenant != tenant)
            {
                return await RejectAsync(Refusal.Missing, text, "unknown", tenant, caller);
            }

            // From here on the secret is genuine, unless the verdict says otherwise.
            var verdict = CookieRenewal.Decide(lineage, cookie.Digest, now, options.RenewSecretAfter);
            if (verdict is CookieVerdict.Unknown or CookieVerdict.Stale)
            {
                return await RejectAsync(Refusal.Missing, text, verdict == CookieVerdict.Stale ? "stale" : "unknown", tenant, caller);
            }

            switch (SessionPolicy.Judge(session, now))
            {
                case SessionState.Ended:
                    return new SessionCheck(RefusalFor(session), session, now);
                case SessionState.IdledOut or SessionState.Expired:
                    await WriteExpiryAsync(session, now, caller, cancellationToken);
                    continue;
            }

            var next = verdict switch
            {
                CookieVerdict.AcceptFirstUse => session with { Cookie = CookieRenewal.FirstUsed(lineage, now) },
                CookieVerdict.Renew when renew => session with
                {
                    Cookie = CookieRenewal.Renewed(lineage, cookie.Renew(keys.Active, lineage.Renewal + 1), now),
                },
                _ => session,
            };
            if (next != session)
            {
                next = next with { Version = session.Version + 1 };
                if (!await store.ReplaceAsync(next, session.Version, cancellationToken))
                {
                    continue;
                }
            }

            var renewed = (verdict is CookieVerdict.Renew or CookieVerdict.Reissue) && renew ? Successor(cookie, next.Cookie!) : null;
            if (verdict == CookieVerdict.Renew && renew)
            {
                await RecordAsync(SessionEventType.SecretRenewed, next, caller);
            }

            var proven = verdict == CookieVerdict.BeforeStepUp ? next with { Elevation = null } : next;
            return new SessionCheck(Refusal.None, proven, now) { RenewedCookie = renewed };
        }
    }

    /// <summary>
    /// Judges an access token: its signature, then its session. A token that is older than a step-up or than an "end all" that its
    /// session survived is answered <see cref="Refusal.TokenExpired"/>, so that the client refreshes it.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nobody knows: answer 503.</exception>
    public async ValueTask<SessionCheck> CheckAccessTokenAsync(
        string token, SessionTerms terms, Caller caller, CancellationToken cancellationToken)
    {
        var tenant = terms.Tenant;
        var check = await keyRing.VerifyAsync(token, terms.Audience, cancellationToken);
        if (check.Facts is not { } facts || facts.Tenant != tenant)
        {
            return check.Fault == AccessTokenFault.Expired
                ? new SessionCheck(Refusal.TokenExpired, null, default)
                : await RejectAsync(Refusal.TokenInvalid, token, "invalid", tenant, caller);
        }

        while (true)
        {
            var (session, now) = await store.FindAsync(facts.Handle, cancellationToken);
            if (session is null || session.Tenant != tenant || session.Subject != facts.Subject)
            {
                // A signature of ours over a session that the store does not know: it was forgotten after its end.
                return new SessionCheck(Refusal.Revoked, null, now);
            }

            switch (SessionPolicy.Judge(session, now))
            {
                case SessionState.Ended:
                    return new SessionCheck(RefusalFor(session), session, now);
                case SessionState.IdledOut or SessionState.Expired:
                    await WriteExpiryAsync(session, now, caller, cancellationToken);
                    continue;
            }

            if (facts.CredentialVersion < session.CredentialVersion || facts.Epoch < session.Epoch)
            {
                return new SessionCheck(Refusal.TokenExpired, null, now);
            }

            if (session.Refresh is { } lineage && facts.Generation > lineage.ConfirmedGeneration)
            {
                // Its holder has received this generation, so the one before it is spent. No request waits for that to be written.
                touches.Add(new SessionTouch(session.Handle, null, facts.Generation));
            }

            return new SessionCheck(Refusal.None, session, now) { Token = facts };
        }
    }

    /// <summary>
    /// Tells that a request was made for the user. Refused requests and machine traffic must not: the session would idle out later than
    /// its user left.
    /// </summary>
    public void Seen(SessionCheck check)
    {
        if (check is { Refusal: Refusal.None, Session: { } session } && SessionPolicy.NeedsTouch(session, check.Now))
        {
            touches.Add(new SessionTouch(session.Handle, check.Now, 0));
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

    private CredentialText? Successor(SessionCookie presented, CookieLineage lineage)
    {
        if (keys.Find(lineage.KeyId) is not { } derived)
        {
            // Made under a master secret that this node has not been given: the presented cookie works on, another node re-issues.
            return null;
        }

        var successor = presented.Renew(derived, lineage.Renewal);
        return successor.Digest == lineage.Current ? successor.ToText() : null;
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
        if (await store.ReplaceAsync(session.Ended(now, reason), session.Version, cancellationToken))
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
