using System.Collections.Immutable;
using Holdfast.Devices;
using Holdfast.Freshness;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>Why a credential was not accepted.</summary>
public enum Refusal
{
    /// <summary>It was accepted.</summary>
    None = 0,

    /// <summary>Unknown, malformed, forged, of another tenant or long forgotten: never told apart.</summary>
    Missing = 1,

    /// <summary>Genuine, and its session idled out or reached its absolute end.</summary>
    Expired = 2,

    /// <summary>Genuine, and its session was ended.</summary>
    Revoked = 3,

    /// <summary>The token is not one of ours, or not valid any more.</summary>
    TokenInvalid = 4,

    /// <summary>The access token is genuine and too old, or older than a change to its session: refresh it.</summary>
    TokenExpired = 5,

    /// <summary>The refresh token had already been used by somebody else: its session has been ended.</summary>
    TokenReused = 6,
}

/// <summary>The answer to a presented credential.</summary>
public sealed record SessionCheck
{
    private readonly RememberedSession? _remembered;
    private Session? _session;

    /// <summary>An answer of the store.</summary>
    /// <param name="refusal"><see cref="Refusal.None"/> if the credential proves <paramref name="session"/>.</param>
    /// <param name="session">The session it proves; for a refused one, the tombstone if the credential was genuine.</param>
    /// <param name="now">The store's time.</param>
    public SessionCheck(Refusal refusal, Session? session, DateTimeOffset now)
    {
        (Refusal, _session, Now) = (refusal, session, now);
        (Handle, Tenant, Subject) = (session?.Handle ?? default, session?.Tenant ?? "", session?.Subject);
    }

    // Proven from memory by a cookie.
    internal SessionCheck(SessionHandle handle, RememberedSession remembered, DateTimeOffset now)
    {
        (_remembered, Now) = (remembered, now);
        (Handle, Tenant, Subject) = (handle, remembered.Tenant, remembered.Subject);
    }

    // Proven from memory by an access token, which needs no record.
    internal SessionCheck(VerifiedToken token, DateTimeOffset now)
    {
        (Verified, Now) = (token, now);
        (Handle, Tenant, Subject) = (token.Facts.Handle, token.Facts.Tenant, token.Facts.Subject);
    }

    /// <summary><see cref="Refusal.None"/> if it proves a live session.</summary>
    public Refusal Refusal { get; init; }

    /// <summary>The session that it proves or, refused, that it once proved.</summary>
    public SessionHandle Handle { get; }

    /// <summary>The session's tenant; empty if there is no session.</summary>
    public string Tenant { get; }

    /// <summary>Who is signed in; null for a visitor and without a session.</summary>
    public string? Subject { get; }

    /// <summary>The store's time.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>
    /// The session's record: as the store gave it, or as this node remembers it (version 0, without device and secrets). Null if there is
    /// none, and if an access token was checked from memory: <see cref="SessionManager.FindLiveAsync"/> reads it.
    /// </summary>
    public Session? Session => _session ??= _remembered?.ToSession(Handle);

    /// <summary>Whether nobody has signed in to it yet.</summary>
    public bool IsAnonymous => Subject is null;

    /// <summary>The credential version that it was proven with.</summary>
    public int CredentialVersion => Session?.CredentialVersion ?? Token?.CredentialVersion ?? 0;

    /// <summary>How, and how well, the subject proved who they are, as it counts now.</summary>
    public Assurance Assurance => Token?.Assurance ?? (Session is { } session ? SessionPolicy.AssuranceAt(session, Now) : Assurance.None);

    /// <summary>The claims that it proves: with an access token those in it, and no others.</summary>
    public ImmutableArray<SessionClaim> Claims => Token?.Claims ?? Session?.Claims ?? [];

    /// <summary>The successor of the presented cookie, to be sent with this response; null if it stays.</summary>
    public CredentialText? RenewedCookie { get; init; }

    /// <summary>What the access token said; null if the credential was a cookie.</summary>
    public AccessTokenFacts? Token => Verified?.Facts;

    /// <summary>
    /// How long whoever follows the feed may repeat this answer for exactly this credential, while nothing there speaks against it. Zero where
    /// only the store can say: of a cookie that is due for renewal or has been overtaken, and of a session that is changing.
    /// </summary>
    public TimeSpan RepeatableFor => Refusal != Refusal.None ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Max(0, (_remembered?.EnoughFor(Now) ?? (Token is { } token ? token.ExpiresAt - Now : TimeSpan.Zero)).Ticks));

    internal VerifiedToken? Verified { get; init; }

    /// <summary>Whether a use now is worth telling the store: at most once in <see cref="SessionPolicy.TouchInterval"/>.</summary>
    internal bool TakeTouch() =>
        Refusal == Refusal.None && (_remembered?.TakeTouch(Now) ?? (_session is { } session ? SessionPolicy.NeedsTouch(session, Now) : Verified?.TakeTouch(Now) ?? false));
}

/// <summary>Who makes a request, for events only: nothing is decided from it.</summary>
/// <param name="Address">The network address as text.</param>
/// <param name="UserAgent">The user agent as sent.</param>
/// <param name="CorrelationId">What links this request's log lines and events.</param>
public sealed record Caller(string? Address, string? UserAgent, string? CorrelationId)
{
    /// <summary>The application itself.</summary>
    public static Caller Application { get; } = new(null, null, null);
}

/// <summary>A sign-in whose proof has been checked by the application.</summary>
public sealed record SignIn
{
    /// <summary>What holds for it. Null takes the terms of the settings.</summary>
    public SessionTerms? Terms { get; init; }

    /// <summary>The user's id, 1 to 256 characters.</summary>
    public required string Subject { get; init; }

    /// <summary>
    /// What <see cref="SessionManager.BeginSignInAsync"/> answered before the proof was checked, so that an "end all" in between
    /// stops this sign-in. Null reads it now.
    /// </summary>
    public SubjectReading? Reading { get; init; }

    /// <summary>How its credentials travel. Default: the session cookie.</summary>
    public SessionTransport Transport { get; init; }

    /// <summary>Whether the user chose to stay signed in. Cookie sessions only.</summary>
    public bool Remembered { get; init; }

    /// <summary>The principal's claims, at most 4 KiB together.</summary>
    public ImmutableArray<SessionClaim> Claims { get; init; } = [];

    /// <summary>Its first data, by field, beside what it takes over from the session that it replaces. At most <c>MaxDataBytes</c>.</summary>
    public ImmutableDictionary<string, ReadOnlyMemory<byte>> Data { get; init; } = ImmutableDictionary<string, ReadOnlyMemory<byte>>.Empty;

    /// <summary>
    /// When the proof was given, if that was before now: an identity provider may have signed its user in hours ago. Default: now. A time
    /// in the future counts as now.
    /// </summary>
    public DateTimeOffset? AuthTime { get; init; }

    /// <summary>The assurance level reached; null if the application names none.</summary>
    public string? Acr { get; init; }

    /// <summary>The methods used (RFC 8176), such as <c>pwd</c>.</summary>
    public ImmutableArray<string> Amr { get; init; } = [];

    /// <summary>Where from.</summary>
    public Device? Device { get; init; }

    /// <summary>
    /// The live session whose cookie came with the request. An anonymous one, or one of the same subject, hands its data over; in any
    /// case it ends.
    /// </summary>
    public SessionHandle? Replaces { get; init; }
}

/// <summary>What became of a sign-in.</summary>
public enum SignInStatus
{
    /// <summary>The session lives and its credentials may be sent.</summary>
    SignedIn = 0,

    /// <summary>The subject has as many sessions as it may.</summary>
    LimitReached = 1,

    /// <summary>All sessions of the subject were ended while the proof was being checked: prove again.</summary>
    EpochMoved = 2,
}

/// <summary>The answer to a sign-in.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Session">The new session; null if it was refused.</param>
/// <param name="Credentials">What its holder receives; null if it was refused.</param>
public sealed record SignInResult(SignInStatus Status, Session? Session, Credentials? Credentials);

/// <summary>What the holder of a session receives: a cookie, or an access and a refresh token.</summary>
public sealed record Credentials
{
    /// <summary>The session cookie's value.</summary>
    public CredentialText? Cookie { get; init; }

    /// <summary>The access token.</summary>
    public AccessToken? AccessToken { get; init; }

    /// <summary>The refresh token.</summary>
    public CredentialText? RefreshToken { get; init; }

    /// <summary>When the refresh token dies if it is not used.</summary>
    public DateTimeOffset? RefreshExpiresAt { get; init; }
}

/// <summary>The answer to a refresh.</summary>
/// <param name="Refusal"><see cref="Refusal.None"/>, <see cref="Refusal.TokenInvalid"/> or <see cref="Refusal.TokenReused"/>.</param>
/// <param name="Session">The session; null unless it was refreshed.</param>
/// <param name="Credentials">The next tokens; null unless it was refreshed.</param>
/// <param name="Now">The store's time.</param>
public sealed record RefreshResult(Refusal Refusal, Session? Session, Credentials? Credentials, DateTimeOffset Now);
