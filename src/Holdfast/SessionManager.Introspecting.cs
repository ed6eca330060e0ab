using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>What a token is worth at this moment, by the store's own word.</summary>
/// <param name="Session">The live session that it proves or refreshes.</param>
/// <param name="AccessToken">What it says, if it is an access token; null for a refresh token.</param>
/// <param name="Now">The store's time.</param>
public sealed record TokenReading(Session Session, AccessTokenFacts? AccessToken, DateTimeOffset Now);

/// <summary>What became of revoking a token.</summary>
public enum TokenRevocation
{
    /// <summary>No such token is accepted any more, whether or not one was before.</summary>
    Done = 0,

    /// <summary>It is another application's: nothing changed.</summary>
    OfAnotherClient = 1,
}

/// <remarks>Nothing here answers from memory, keeps a session from idling out, or uses a refresh token up.</remarks>
public sealed partial class SessionManager
{
    /// <summary>
    /// Reads an access or refresh token for the application that asks (RFC 7662). Null for every token that it should not rely on: unknown,
    /// malformed, expired, revoked, or not its own.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nobody knows.</exception>
    public async ValueTask<TokenReading?> IntrospectAsync(string token, SessionTerms terms, CancellationToken cancellationToken)
    {
        if (RefreshToken.LooksLikeOne(token))
        {
            if (await FindOfTokenAsync(token, cancellationToken) is not var (refresh, session, now))
            {
                return null;
            }

            var usable = session.Tenant == terms.Tenant && session.Client == terms.Client && SessionPolicy.Judge(session, now) == SessionState.Live
                && RefreshRotation.Decide(session.Refresh!, refresh.Generation, refresh.Digest, now, options.RefreshRetryWindow) != RefreshVerdict.Reuse;
            return usable ? new TokenReading(session, null, now) : null;
        }

        if ((await keyRing.VerifyAsync(token, terms.Audience, cancellationToken)).Facts is not { } facts || facts.Tenant != terms.Tenant)
        {
            return null;
        }

        var (found, read) = await store.FindAsync(facts.Handle, cancellationToken);
        var live = found is not null && found.Tenant == facts.Tenant && found.Subject == facts.Subject
            && SessionPolicy.Judge(found, read) == SessionState.Live
            && facts.CredentialVersion >= found.CredentialVersion && facts.Epoch >= found.Epoch;
        return live ? new TokenReading(found!, facts, read) : null;
    }

    /// <summary>
    /// Ends the session that an access or refresh token belongs to (RFC 7009), and with it every token of its family. An unknown, expired or
    /// already dead token, and one of another tenant, changes nothing.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing was revoked, or nobody knows.</exception>
    public async ValueTask<TokenRevocation> RevokeAsync(string token, SessionTerms terms, Caller caller, CancellationToken cancellationToken)
    {
        SessionHandle handle;
        string? client;
        if (RefreshToken.LooksLikeOne(token))
        {
            if (await FindOfTokenAsync(token, cancellationToken) is not var (_, session, _) || session.Tenant != terms.Tenant)
            {
                return TokenRevocation.Done;
            }

            (handle, client) = (session.Handle, session.Client);
        }
        else
        {
            if ((await keyRing.VerifyAsync(token, terms.Audience, cancellationToken)).Facts is not { } facts
                || (await store.FindAsync(facts.Handle, cancellationToken)).Session is not { } session || session.Tenant != terms.Tenant)
            {
                return TokenRevocation.Done;
            }

            (handle, client) = (session.Handle, session.Client);
        }

        if (client != terms.Client)
        {
            return TokenRevocation.OfAnotherClient;
        }

        await EndAsync(handle, EndReason.Revoked, caller, cancellationToken);
        return TokenRevocation.Done;
    }

    // The token was issued here; its session may have ended. Null for anything else.
    private async ValueTask<(RefreshToken Token, Session Session, DateTimeOffset Now)?> FindOfTokenAsync(string text, CancellationToken cancellationToken)
    {
        switch (RefreshToken.TryParse(text, keys, out var token))
        {
            case RefreshParse.UnknownKey:
                throw new StoreUnavailableException("A refresh token names a master secret that is not configured on this node.");
            case RefreshParse.Invalid:
                return null;
        }

        var (session, now) = await store.FindAsync(token!.Handle, cancellationToken);
        return session?.Refresh is null ? null : (token, session, now);
    }
}
