namespace Holdfast.Tokens;

/// <summary>What a presented cookie means for its session.</summary>
public enum CookieVerdict
{
    /// <summary>It is neither the current secret nor the one before.</summary>
    Unknown = 0,

    /// <summary>It is the one before, and its overlap is over.</summary>
    Stale = 1,

    /// <summary>It is current.</summary>
    Accept = 2,

    /// <summary>It is current and was never seen before: the overlap of the one before starts now.</summary>
    AcceptFirstUse = 3,

    /// <summary>It is current and due for renewal.</summary>
    Renew = 4,

    /// <summary>It is the one before, still within its overlap: its holder is sent the current one again.</summary>
    Reissue = 5,

    /// <summary>It is from before a step-up whose answer has not been seen in use: it proves the sign-in, and not the step-up.</summary>
    BeforeStepUp = 6,
}

/// <summary>
/// Renews the cookie's secret without ever losing a browser: the one before works until 60 s after its successor was first seen, so a
/// lost response or a request that was already under way costs nothing. Pure functions.
/// </summary>
public static class CookieRenewal
{
    /// <summary>How long the secret before still works after the first use of its successor.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromSeconds(60);

    /// <summary>Decides.</summary>
    /// <param name="lineage">What the record keeps.</param>
    /// <param name="presented">The digest of the presented cookie.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="renewAfter">The age at which a secret is renewed; zero for never.</param>
    public static CookieVerdict Decide(CookieLineage lineage, Digest presented, DateTimeOffset now, TimeSpan renewAfter)
    {
        if (presented == lineage.Current)
        {
            return lineage is { Previous: not null, FirstUsedAt: null } ? CookieVerdict.AcceptFirstUse
                : renewAfter > TimeSpan.Zero && now - lineage.RenewedAt >= renewAfter ? CookieVerdict.Renew
                : CookieVerdict.Accept;
        }

        if (lineage.Previous is not { } previous || presented != previous)
        {
            return CookieVerdict.Unknown;
        }

        if (lineage.SteppedUp)
        {
            // Should the answer be lost, its user is still signed in; once it has arrived, nothing from before it is worth anything.
            return lineage.FirstUsedAt is null ? CookieVerdict.BeforeStepUp : CookieVerdict.Stale;
        }

        return lineage.FirstUsedAt is not { } firstUse || now < firstUse + Overlap ? CookieVerdict.Reissue : CookieVerdict.Stale;
    }

    /// <summary>The lineage of a new session.</summary>
    public static CookieLineage First(SessionCookie cookie, DateTimeOffset now) => new(cookie.Digest, null, 0, cookie.KeyId, now, null);

    /// <summary>The lineage after a renewal.</summary>
    public static CookieLineage Renewed(CookieLineage lineage, SessionCookie next, DateTimeOffset now) =>
        new(next.Digest, lineage.Current, lineage.Renewal + 1, next.KeyId, now, null);

    /// <summary>The lineage after a step-up: the next cookie is drawn, not derived, so no holder of an older one can compute it.</summary>
    public static CookieLineage SteppedUp(CookieLineage lineage, SessionCookie next, DateTimeOffset now)
    {
        // A step-up whose answer nobody has used is repeated: the browser still holds what it held before the first.
        var held = lineage is { SteppedUp: true, FirstUsedAt: null } ? lineage.Previous : lineage.Current;
        return new CookieLineage(next.Digest, held, lineage.Renewal + 1, next.KeyId, now, null) { SteppedUp = true };
    }

    /// <summary>The lineage once the current secret has been seen.</summary>
    public static CookieLineage FirstUsed(CookieLineage lineage, DateTimeOffset now) => lineage with { FirstUsedAt = now };
}
