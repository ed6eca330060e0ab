namespace Holdfast;

/// <summary>
/// When a session lives and when it has ended: pure functions of the record and the store's time. Nothing here reads a clock or a store.
/// </summary>
public static class SessionPolicy
{
    /// <summary>
    /// How long endings and epochs are remembered, by the store's clock: longer than any access token can outlive its session, so that
    /// no token can meet a forgotten ending.
    /// </summary>
    public static readonly TimeSpan EndingMemory = TimeSpan.FromHours(1);

    /// <summary>
    /// At most one last-seen write for each session in this time. A session may therefore outlive its idle timeout by this much, and is
    /// never ended early.
    /// </summary>
    public static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    /// <summary>How far ahead of us a proof's time may lie.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(60);

    /// <summary>The most that a session's claims may take: the UTF-8 bytes of types and values together.</summary>
    public const int MaxClaimsBytes = 4096;

    /// <summary>The tenant of applications that know no tenants.</summary>
    public const string DefaultTenant = "default";

    /// <summary>The greatest length of a subject or tenant, in characters.</summary>
    public const int MaxNameLength = 256;

    /// <summary>
    /// When <paramref name="session"/> idles out unless it is used. A token session counts from its last refresh as well, because other
    /// services check its access tokens without telling us; a cookie session counts from requests made for its user alone.
    /// </summary>
    public static DateTimeOffset IdlesOutAt(Session session)
    {
        var used = session.Refresh is { } lineage && lineage.RotatedAt > session.LastSeenAt ? lineage.RotatedAt : session.LastSeenAt;
        return used + session.IdleTimeout + TouchInterval;
    }

    /// <summary>When <paramref name="session"/> ends unless it is used before then: the earlier of the idle and the absolute end.</summary>
    public static DateTimeOffset EndsAt(Session session)
    {
        var idle = IdlesOutAt(session);
        return idle < session.ExpiresAt ? idle : session.ExpiresAt;
    }

    /// <summary>Judges a record as it stood at <paramref name="now"/>, the store's time of the same read.</summary>
    public static SessionState Judge(Session session, DateTimeOffset now)
    {
        if (session.Ending is not null)
        {
            return SessionState.Ended;
        }

        if (now < EndsAt(session))
        {
            return SessionState.Live;
        }

        // Whichever limit it met first, however late somebody looks.
        return IdlesOutAt(session) < session.ExpiresAt ? SessionState.IdledOut : SessionState.Expired;
    }

    /// <summary>What is proven at <paramref name="now"/>: the step-up while it lasts, the sign-in otherwise.</summary>
    public static Assurance AssuranceAt(Session session, DateTimeOffset now) =>
        session.Elevation is { } elevation && now < elevation.ExpiresAt ? elevation.Assurance : session.Assurance;

    /// <summary>
    /// Whether the proof is at most <paramref name="maxAge"/> old (RFC 9470, section 4). One without a time, or from the future by more
    /// than the nodes' clocks may differ, is not.
    /// </summary>
    public static bool IsFresh(Assurance assurance, DateTimeOffset now, TimeSpan maxAge) =>
        assurance.AuthTime is { } authTime && now - authTime <= maxAge && authTime - now <= ClockTolerance;

    /// <summary>Whether a request at <paramref name="now"/> is worth a last-seen write.</summary>
    public static bool NeedsTouch(Session session, DateTimeOffset now) => now - session.LastSeenAt >= TouchInterval;
}

/// <summary>What the policy says of a record.</summary>
public enum SessionState
{
    /// <summary>It may be used.</summary>
    Live = 0,

    /// <summary>It has ended, and the record says so.</summary>
    Ended = 1,

    /// <summary>It went unused too long. The record must be ended before anybody is told.</summary>
    IdledOut = 2,

    /// <summary>It reached its absolute end. The record must be ended before anybody is told.</summary>
    Expired = 3,
}
