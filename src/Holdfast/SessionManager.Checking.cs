using Holdfast.Freshness;
using Holdfast.Tokens;

namespace Holdfast;

/// <remarks>
/// Memory could not say "live", so the store is asked. While the lease has lapsed, one read serves everybody who asks for the same session
/// within the staleness bound, for as long as it says "live" and nothing else.
/// </remarks>
public sealed partial class SessionManager
{
    private readonly RefusedCredentials _refused = new(options.MaxStaleness, memory.Clock.Node);
    private readonly RecentReads _recent = new(store, options.MaxStaleness, memory.Clock.Node);

    private async ValueTask<SessionCheck> AskAboutCookieAsync(
        string text, SessionHandle handle, Digest digest, string tenant, bool renew, Caller caller, CancellationToken cancellationToken)
    {
        if (memory.IsFollowed && _refused.TryGet(digest, out var refused))
        {
            return refused.Refusal == Refusal.Missing ? await RejectAsync(Refusal.Missing, text, "refused_before", tenant, caller) : refused;
        }

        if (await RecentAsync(handle, cancellationToken) is ({ Cookie: { } known } recent, var then)
            && recent.Tenant == tenant && CookieRenewal.Decide(known, digest, then, options.RenewSecretAfter) == CookieVerdict.Accept)
        {
            return new SessionCheck(Refusal.None, recent, then);
        }

        while (true)
        {
            var stamp = memory.StampOf(handle);
            var (session, now) = await store.FindAsync(handle, cancellationToken);
            if (session is not null && session.Tenant != tenant)
            {
                // Another tenant's, perhaps a good one: nothing is remembered of it.
                return await RejectAsync(Refusal.Missing, text, "unknown", tenant, caller);
            }

            if (session?.Cookie is not { } lineage)
            {
                return _refused.Add(digest, await RejectAsync(Refusal.Missing, text, "unknown", tenant, caller));
            }

            // From here on the secret is genuine, unless the verdict says otherwise.
            var verdict = CookieRenewal.Decide(lineage, digest, now, options.RenewSecretAfter);
            if (verdict is CookieVerdict.Unknown or CookieVerdict.Stale)
            {
                return _refused.Add(digest, await RejectAsync(Refusal.Missing, text, verdict == CookieVerdict.Stale ? "stale" : "unknown", tenant, caller));
            }

            switch (SessionPolicy.Judge(session, now))
            {
                case SessionState.Ended:
                    return _refused.Add(digest, new SessionCheck(RefusalFor(session), session, now));
                case SessionState.IdledOut or SessionState.Expired:
                    await WriteExpiryAsync(session, now, caller, cancellationToken);
                    continue;
            }

            if (IsOvertaken(session, stamp))
            {
                continue;
            }

            if (verdict == CookieVerdict.Accept)
            {
                return memory.Remember(session, now, stamp) is { } remembered
                    ? new SessionCheck(handle, remembered, now) : new SessionCheck(Refusal.None, session, now);
            }

            if (await RenewAsync(text, session, verdict, renew, now, caller, cancellationToken) is { } check)
            {
                return check;
            }
        }
    }

    // Null if somebody else changed the session meanwhile.
    private async ValueTask<SessionCheck?> RenewAsync(
        string text, Session session, CookieVerdict verdict, bool renew, DateTimeOffset now, Caller caller, CancellationToken cancellationToken)
    {
        SessionCookie.TryParse(text, out var cookie);
        var lineage = session.Cookie!;
        var next = verdict switch
        {
            CookieVerdict.AcceptFirstUse => session with { Cookie = CookieRenewal.FirstUsed(lineage, now) },
            CookieVerdict.Renew when renew => session with
            {
                Cookie = CookieRenewal.Renewed(lineage, cookie!.Renew(keys.Active, lineage.Renewal + 1), now),
            },
            _ => session,
        };
        if (next != session)
        {
            next = next with { Version = session.Version + 1 };
            if (!await ReplaceAsync(next, session, cancellationToken))
            {
                return null;
            }
        }

        var renewed = (verdict is CookieVerdict.Renew or CookieVerdict.Reissue) && renew ? Successor(cookie!, next.Cookie!) : null;
        if (verdict == CookieVerdict.Renew && renew)
        {
            await RecordAsync(Auditing.SessionEventType.SecretRenewed, next, caller);
        }

        var proven = verdict == CookieVerdict.BeforeStepUp ? next with { Elevation = null } : next;
        return new SessionCheck(Refusal.None, proven, now) { RenewedCookie = renewed };
    }

    private async ValueTask<SessionCheck> AskAboutAccessTokenAsync(string token, SessionTerms terms, Caller caller, CancellationToken cancellationToken)
    {
        var tenant = terms.Tenant;
        var check = await keyRing.VerifyAsync(token, terms.Audience, cancellationToken);
        if (check.Facts is not { } facts || facts.Tenant != tenant)
        {
            return check.Fault == AccessTokenFault.Expired
                ? new SessionCheck(Refusal.TokenExpired, null, default)
                : await RejectAsync(Refusal.TokenInvalid, token, "invalid", tenant, caller);
        }

        if (memory.Vouches(check.Verified!))
        {
            // Its holder has received this generation, so the one before it is spent. No request waits for that to be written.
            touches.Add(new SessionTouch(facts.Handle, null, facts.Generation));
            return new SessionCheck(check.Verified!, memory.Clock.GetUtcNow());
        }

        if (await RecentAsync(facts.Handle, cancellationToken) is ({ } recent, var then) && IsProvenBy(recent, facts))
        {
            return new SessionCheck(Refusal.None, recent, then) { Verified = check.Verified };
        }

        while (true)
        {
            var stamp = memory.StampOf(facts.Handle);
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

            if (IsOvertaken(session, stamp))
            {
                continue;
            }

            if (!IsProvenBy(session, facts))
            {
                return new SessionCheck(Refusal.TokenExpired, null, now);
            }

            if (session.Refresh is { } lineage && facts.Generation > lineage.ConfirmedGeneration)
            {
                touches.Add(new SessionTouch(session.Handle, null, facts.Generation));
            }

            return new SessionCheck(Refusal.None, session, now) { Verified = check.Verified };
        }
    }

    // What was read as live, this node knows to have ended: either it learnt that after the read began, or the store has lost the ending.
    private bool IsOvertaken(Session session, long stamp)
    {
        if (!memory.Overtakes(session))
        {
            return false;
        }

        return memory.StampOf(session.Handle) != stamp ? true
            : throw new StoreUnavailableException("The store has lost an ending that this node knows of, and is being told of it again.");
    }

    private static bool IsProvenBy(Session session, AccessTokenFacts facts) =>
        session.Tenant == facts.Tenant && session.Subject == facts.Subject
        && facts.CredentialVersion >= session.CredentialVersion && facts.Epoch >= session.Epoch;

    // Only while the lease has lapsed, and only what is plainly live: everything else deserves a read of its own.
    private async ValueTask<(Session? Session, DateTimeOffset Now)> RecentAsync(SessionHandle handle, CancellationToken cancellationToken)
    {
        if (!memory.IsFollowed || memory.IsFresh(handle))
        {
            return default;
        }

        var (session, now) = await _recent.FindAsync(handle, cancellationToken);
        return session is not null && SessionPolicy.Judge(session, now) == SessionState.Live && !memory.Overtakes(session) ? (session, now) : default;
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
}
