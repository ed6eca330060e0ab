using System.Collections.Immutable;
using Holdfast.Devices;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>
/// One sign-in of one subject on one device, as the store keeps it. Immutable: a change is the next record, with the next version,
/// that the store accepts only over the version it was made from. Times are UTC in whole milliseconds, by the store's clock.
/// </summary>
public sealed record Session
{
    /// <summary>The public name. Never a credential.</summary>
    public required SessionHandle Handle { get; init; }

    /// <summary>The isolation unit that this session belongs to.</summary>
    public required string Tenant { get; init; }

    /// <summary>The user's id as the application knows it, at most 256 characters; null for an anonymous visitor.</summary>
    public string? Subject { get; init; }

    /// <summary>
    /// The application that started it, where several share a server: it alone may refresh its tokens, which name it. Null for one that
    /// runs the engine in its own process.
    /// </summary>
    public string? Client { get; init; }

    /// <summary>Raised by one with every replacement. A new session has 1.</summary>
    public required long Version { get; init; }

    /// <summary>The epoch of the subject and tenant when this session began; dead as soon as a newer one is written.</summary>
    public required long Epoch { get; init; }

    /// <summary>Raised by step-up; access tokens and CSRF tokens that carry an older one are dead.</summary>
    public int CredentialVersion { get; init; } = 1;

    /// <summary>How its credentials travel.</summary>
    public required SessionTransport Transport { get; init; }

    /// <summary>Whether the user chose to stay signed in: longer limits and a persistent cookie.</summary>
    public bool Remembered { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The last request made for the user that the store knows of; at most a touch interval behind.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>How long it may go unused. Always positive: no session is unlimited.</summary>
    public required TimeSpan IdleTimeout { get; init; }

    /// <summary>The absolute end, fixed when it began. Nothing moves it later.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How, and how well, the subject proved who they are.</summary>
    public Assurance Assurance { get; init; } = Assurance.None;

    /// <summary>
    /// A step-up on top of it, with an end of its own; null if there was none. Ask <see cref="SessionPolicy.AssuranceAt"/> what counts now.
    /// </summary>
    public Elevation? Elevation { get; init; }

    /// <summary>The cookie's secret, digested; null if this session has no session cookie.</summary>
    public CookieLineage? Cookie { get; init; }

    /// <summary>The refresh tokens of this session; null if it has none.</summary>
    public RefreshLineage? Refresh { get; init; }

    /// <summary>The principal's claims, at most 4 KiB together. None of them enters a token unless configured.</summary>
    public ImmutableArray<SessionClaim> Claims { get; init; } = [];

    /// <summary>Where it was started from; null once it ended.</summary>
    public Device? Device { get; init; }

    /// <summary>Set while an anonymous session is being carried over into a signed-in one: its data can then be read, not written.</summary>
    public Upgrade? Upgrade { get; init; }

    /// <summary>When and why it ended; null while it lives.</summary>
    public SessionEnding? Ending { get; init; }

    /// <summary>Whether nobody has signed in yet.</summary>
    public bool IsAnonymous => Subject is null;

    /// <summary>
    /// The tombstone that replaces this record: the ending, and the digests that let a genuine holder be told why. Claims, device and
    /// address are gone; the store drops the data in the same step.
    /// </summary>
    public Session Ended(DateTimeOffset at, EndReason reason) => this with
    {
        Version = Version + 1,
        Ending = Ending ?? new SessionEnding(at, reason),
        Claims = [],
        Device = null,
        Elevation = null,
        Upgrade = null,
    };
}

/// <summary>How the credentials of a session travel.</summary>
public enum SessionTransport
{
    /// <summary>One opaque session cookie: browsers.</summary>
    Cookie = 0,

    /// <summary>Access and refresh token in the body: API, mobile and service clients.</summary>
    Tokens = 1,

    /// <summary>Access and refresh token in HttpOnly cookies: single-page applications that call several APIs.</summary>
    TokenCookies = 2,
}

/// <summary>One claim of the principal.</summary>
/// <param name="Type">The claim's type.</param>
/// <param name="Value">Its value.</param>
public sealed record SessionClaim(string Type, string Value);

/// <summary>How the subject proved who they are, and when (RFC 9068, section 2.2.1).</summary>
/// <param name="AuthTime">When the proof was given; null if nobody has signed in.</param>
/// <param name="Acr">The assurance level reached, in the application's words; null if it names none.</param>
/// <param name="Amr">The methods used (RFC 8176): <c>pwd</c>, <c>otp</c>, ...</param>
public sealed record Assurance(DateTimeOffset? AuthTime, string? Acr, ImmutableArray<string> Amr)
{
    /// <summary>Nobody has signed in.</summary>
    public static Assurance None { get; } = new(null, null, []);

    /// <inheritdoc/>
    public bool Equals(Assurance? other) =>
        other is not null && AuthTime == other.AuthTime && Acr == other.Acr && Amr.AsSpan().SequenceEqual(other.Amr.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(AuthTime, Acr, Amr.Length);
}

/// <summary>
/// What a step-up proved: it counts until <paramref name="ExpiresAt"/>, and then the session falls back to what its sign-in proved,
/// without ending.
/// </summary>
/// <param name="Assurance">The proof of the step-up.</param>
/// <param name="ExpiresAt">When it stops counting.</param>
public sealed record Elevation(Assurance Assurance, DateTimeOffset ExpiresAt);

/// <summary>An anonymous session on its way to become a signed-in one.</summary>
/// <param name="Successor">The handle that the signed-in session will have.</param>
/// <param name="At">When the upgrade began.</param>
public sealed record Upgrade(SessionHandle Successor, DateTimeOffset At);

/// <summary>The end of a session. It is final: nothing makes an ended session live again.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Reason">Why.</param>
public sealed record SessionEnding(DateTimeOffset At, EndReason Reason);

/// <summary>Why a session ended.</summary>
public enum EndReason
{
    /// <summary>The user signed out.</summary>
    SignedOut = 0,

    /// <summary>The user ended it from another device.</summary>
    EndedByUser = 1,

    /// <summary>An administrator or the application ended it.</summary>
    Revoked = 2,

    /// <summary>It went unused for longer than its idle timeout.</summary>
    IdledOut = 3,

    /// <summary>It reached its absolute end.</summary>
    Expired = 4,

    /// <summary>The limit of sessions for each subject made room for a newer one.</summary>
    Evicted = 5,

    /// <summary>One of its refresh tokens was used by two parties.</summary>
    TokenReused = 6,

    /// <summary>A new sign-in on the same device took its place.</summary>
    Superseded = 7,

    /// <summary>The account's credentials changed, or it was locked or deleted.</summary>
    AccountChanged = 8,

    /// <summary>The user signed out at the identity provider that the session came from.</summary>
    SignedOutAtProvider = 9,
}
