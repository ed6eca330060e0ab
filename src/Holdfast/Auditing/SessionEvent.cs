namespace Holdfast.Auditing;

/// <summary>
/// Something that happened to a session or to a credential. It carries no secret: a session is named by its handle, a rejected
/// credential by a keyed hash. Text from clients is one line each, cut to 256 characters.
/// </summary>
public sealed record SessionEvent
{
    /// <summary>When, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What.</summary>
    public required SessionEventType Type { get; init; }

    /// <summary>The tenant it belongs to.</summary>
    public required string Tenant { get; init; }

    /// <summary>Whose session, as far as is known.</summary>
    public string? Subject { get; init; }

    /// <summary>Which session.</summary>
    public SessionHandle? Handle { get; init; }

    /// <summary>Who did it: <c>user</c>, <c>application</c> or <c>policy</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>Why, in one word, such as <c>idled_out</c>; null if the type says it all.</summary>
    public string? Reason { get; init; }

    /// <summary>The OAuth client that the credentials name.</summary>
    public string? Client { get; init; }

    /// <summary>The network address that the request came from.</summary>
    public string? Address { get; init; }

    /// <summary>Its user agent.</summary>
    public string? UserAgent { get; init; }

    /// <summary>What links it with the request's log lines.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>A keyed hash of a rejected credential, the same for the same text: it tells one guess from many.</summary>
    public string? CredentialHash { get; init; }

    /// <summary>Whether it went well, was refused, or should wake somebody.</summary>
    public EventOutcome Outcome => SessionEventTypes.Outcome(Type);

    /// <summary>The stable name of the type, such as <c>session.created</c>.</summary>
    public string Name => SessionEventTypes.Name(Type);
}

/// <summary>How an event is to be taken.</summary>
public enum EventOutcome
{
    /// <summary>As it should be.</summary>
    Success = 0,

    /// <summary>Somebody was refused.</summary>
    Refused = 1,

    /// <summary>Somebody should look now.</summary>
    Alert = 2,
}

/// <summary>Everything that is recorded.</summary>
public enum SessionEventType
{
    /// <summary>A session began, anonymous ones included.</summary>
    SessionCreated = 0,

    /// <summary>A subject proved who they are.</summary>
    SignedIn = 1,

    /// <summary>A proof was wrong.</summary>
    SignInFailed = 2,

    /// <summary>The proof was right, and the sign-in was refused: the limit, or an "end all" in between.</summary>
    SignInRefused = 3,

    /// <summary>A cookie's secret was renewed.</summary>
    SecretRenewed = 4,

    /// <summary>A refresh token was replaced.</summary>
    TokenRefreshed = 5,

    /// <summary>A refresh token was used by two parties; its session ended.</summary>
    TokenReused = 6,

    /// <summary>A well-formed credential that was never issued, or a malformed one, was presented.</summary>
    CredentialRejected = 7,

    /// <summary>The limit of sessions ended an older one.</summary>
    SessionEvicted = 8,

    /// <summary>A session idled out or reached its absolute end.</summary>
    SessionExpired = 9,

    /// <summary>The user signed out.</summary>
    SignedOut = 10,

    /// <summary>A session was ended from elsewhere: another device, the application, a newer sign-in.</summary>
    SessionEnded = 11,

    /// <summary>All sessions of a subject were ended.</summary>
    SubjectEnded = 12,

    /// <summary>All sessions of a tenant were ended.</summary>
    EveryoneEnded = 13,

    /// <summary>A state-changing request was refused because another site may have made it.</summary>
    CsrfRefused = 14,

    /// <summary>A signing key was added.</summary>
    KeyRotated = 15,

    /// <summary>The store had lost writes that a genuine token proves.</summary>
    StoreRolledBack = 16,

    /// <summary>The store was opened with a configuration that it had not seen: a first start, or another master secret.</summary>
    ConfigurationChanged = 17,

    /// <summary>A signed-in subject proved more: a step-up.</summary>
    SteppedUp = 18,

    /// <summary>A further proof, given for one operation alone.</summary>
    OperationApproved = 19,

    /// <summary>A subject signed in on a device, or from a network, that was not seen before.</summary>
    NewDevice = 20,

    /// <summary>A subject signed in after a long absence.</summary>
    LongAbsent = 21,
}

/// <summary>The names and weights of the event types.</summary>
public static class SessionEventTypes
{
    /// <summary>The stable name.</summary>
    public static string Name(SessionEventType type) => type switch
    {
        SessionEventType.SessionCreated => "session.created",
        SessionEventType.SignedIn => "sign_in.succeeded",
        SessionEventType.SignInFailed => "sign_in.failed",
        SessionEventType.SignInRefused => "sign_in.refused",
        SessionEventType.SecretRenewed => "session.secret_renewed",
        SessionEventType.TokenRefreshed => "refresh.rotated",
        SessionEventType.TokenReused => "refresh.reused",
        SessionEventType.CredentialRejected => "credential.rejected",
        SessionEventType.SessionEvicted => "session.evicted",
        SessionEventType.SessionExpired => "session.expired",
        SessionEventType.SignedOut => "session.signed_out",
        SessionEventType.SessionEnded => "session.ended",
        SessionEventType.SubjectEnded => "subject.ended",
        SessionEventType.EveryoneEnded => "tenant.ended",
        SessionEventType.CsrfRefused => "csrf.refused",
        SessionEventType.KeyRotated => "key.rotated",
        SessionEventType.StoreRolledBack => "store.rolled_back",
        SessionEventType.ConfigurationChanged => "configuration.changed",
        SessionEventType.SteppedUp => "step_up.succeeded",
        SessionEventType.OperationApproved => "step_up.approved",
        SessionEventType.NewDevice => "device.new",
        SessionEventType.LongAbsent => "device.long_absent",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "There is no such event."),
    };

    /// <summary>How it is to be taken.</summary>
    public static EventOutcome Outcome(SessionEventType type) => type switch
    {
        SessionEventType.TokenReused or SessionEventType.StoreRolledBack => EventOutcome.Alert,
        SessionEventType.SignInFailed or SessionEventType.SignInRefused
            or SessionEventType.CredentialRejected or SessionEventType.CsrfRefused => EventOutcome.Refused,
        _ => EventOutcome.Success,
    };
}
