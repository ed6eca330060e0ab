using Holdfast.Auditing;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast;

public sealed partial class SessionManager
{
    /// <summary>
    /// Exchanges a refresh token for the next access and refresh token. A token that never was, is malformed, or belongs to an ended
    /// session is answered alike, and so is another application's, which is not used up. A token used by two parties ends its session.
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// Nobody knows, or the token was made under a master secret that this node has not been given: answer 503.
    /// </exception>
    public async ValueTask<RefreshResult> RefreshAsync(string? text, SessionTerms terms, Caller caller, CancellationToken cancellationToken)
    {
        var tenant = terms.Tenant;
        switch (RefreshToken.TryParse(text, keys, out var token))
        {
            case RefreshParse.UnknownKey:
                throw new StoreUnavailableException("A refresh token names a master secret that is not configured on this node.");
            case RefreshParse.Invalid:
                return await RejectRefreshAsync(text, "malformed", tenant, caller);
        }

        var arrived = memory.Clock.GetUtcNow();
        while (true)
        {
            var stamp = memory.StampOf(token!.Handle);
            var (session, now) = await store.FindAsync(token.Handle, cancellationToken);
            if (session?.Refresh is not { } lineage || session.Tenant != tenant || session.Client != terms.Client)
            {
                return await RejectRefreshAsync(text, "unknown", tenant, caller);
            }

            switch (SessionPolicy.Judge(session, now))
            {
                case SessionState.Ended:
                    return await RejectRefreshAsync(text, EndReasons.Name(session.Ending!.Reason), tenant, caller);
                case SessionState.IdledOut or SessionState.Expired:
                    await WriteExpiryAsync(session, now, caller, cancellationToken);
                    continue;
            }

            if (IsOvertaken(session, stamp))
            {
                continue;
            }

            switch (RefreshRotation.Decide(lineage, token.Generation, token.Digest, now, options.RefreshRetryWindow))
            {
                case RefreshVerdict.Repeat:
                    // The same successor again: no second lineage can arise, whoever asks and however often.
                    return keys.Find(lineage.KeyId) is { } derived && token.Successor(derived) is var again && again.Digest == lineage.Current
                        ? new RefreshResult(Refusal.None, session, await TokensAsync(session, terms, again, now, cancellationToken), now)
                        : throw new StoreUnavailableException("A refresh token was rotated under a master secret that is not configured on this node.");

                case RefreshVerdict.Reuse when arrived < lineage.RotatedAt && options.RefreshRetryWindow > TimeSpan.Zero:
                    // It was replaced while this request waited here: its holder gave up and tried again, as clients do. No proof of two holders.
                    return await RejectRefreshAsync(text, "overtaken", tenant, caller);

                case RefreshVerdict.Reuse:
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await ReplaceAsync(session.Ended(now, EndReason.TokenReused), session, cancellationToken))
                    {
                        await RecordAsync(SessionEventType.TokenReused, session, caller, EndReason.TokenReused);
                        return new RefreshResult(Refusal.TokenReused, null, null, now);
                    }

                    continue;

                case var verdict:
                    var successor = token.Successor(keys.Active);
                    var next = session with
                    {
                        Version = session.Version + 1,
                        Refresh = RefreshRotation.Rotated(lineage, token, successor, now),
                    };
                    if (!await ReplaceAsync(next, session, cancellationToken))
                    {
                        continue;
                    }

                    if (verdict == RefreshVerdict.Adopt)
                    {
                        await RecordAsync(SessionEventType.StoreRolledBack, next, caller);
                    }

                    await RecordAsync(SessionEventType.TokenRefreshed, next, caller);
                    return new RefreshResult(Refusal.None, next, await TokensAsync(next, terms, successor, now, cancellationToken), now);
            }
        }
    }

    /// <summary>
    /// The live session that a refresh token belongs to, without using the token: for whoever needs to know what a sign-out or a CSRF
    /// token is about. Null for anything else.
    /// </summary>
    public async ValueTask<Session?> FindRefreshableAsync(string? text, string tenant, CancellationToken cancellationToken)
    {
        if (RefreshToken.TryParse(text, keys, out var token) != RefreshParse.Valid)
        {
            return null;
        }

        var (session, now) = await store.FindAsync(token!.Handle, cancellationToken);
        return session is { Refresh: not null } && session.Tenant == tenant && SessionPolicy.Judge(session, now) == SessionState.Live ? session : null;
    }

    private async ValueTask<Credentials> TokensAsync(
        Session session, SessionTerms terms, RefreshToken refresh, DateTimeOffset now, CancellationToken cancellationToken) => new()
        {
            AccessToken = await keyRing.IssueAsync(session, terms.Audience, now, cancellationToken),
            RefreshToken = refresh.ToText(),
            RefreshExpiresAt = SessionPolicy.EndsAt(session),
        };

    private async ValueTask<RefreshResult> RejectRefreshAsync(string? text, string reason, string tenant, Caller caller)
    {
        var check = await RejectAsync(Refusal.TokenInvalid, text, reason, tenant, caller);
        return new RefreshResult(check.Refusal, null, null, check.Now);
    }
}
