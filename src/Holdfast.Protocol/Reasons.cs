namespace Holdfast.Protocol;

/// <summary>Why a request was refused: stable codes, the same in every client. <c>protocol/reasons.md</c> is the same list.</summary>
public static class Reasons
{
    /// <summary>No credential, or none that was ever valid here.</summary>
    public const string SessionMissing = "session_missing";

    /// <summary>The session idled out or reached its absolute end.</summary>
    public const string SessionExpired = "session_expired";

    /// <summary>The session was ended.</summary>
    public const string SessionRevoked = "session_revoked";

    /// <summary>The access token is too old: refresh it.</summary>
    public const string TokenExpired = "token_expired";

    /// <summary>The token is not valid here.</summary>
    public const string TokenInvalid = "token_invalid";

    /// <summary>The refresh token was used by two parties: the session has been ended.</summary>
    public const string TokenReused = "token_reused";

    /// <summary>The last sign-in is too long ago for this.</summary>
    public const string ReauthenticationRequired = "reauthentication_required";

    /// <summary>The caller is not an application of this server.</summary>
    public const string ApiKeyInvalid = "api_key_invalid";

    /// <summary>The request may have been made by another site.</summary>
    public const string CsrfFailed = "csrf_failed";

    /// <summary>Signed in, and not allowed.</summary>
    public const string InsufficientScope = "insufficient_scope";

    /// <summary>The request is malformed.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>There is no such thing here.</summary>
    public const string NotFound = "not_found";

    /// <summary>A credential came over plain HTTP.</summary>
    public const string HttpsRequired = "https_required";

    /// <summary>Something else happened first.</summary>
    public const string Conflict = "conflict";

    /// <summary>The session's data would exceed its limit.</summary>
    public const string DataTooLarge = "data_too_large";

    /// <summary>Too many requests.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>The store cannot be asked now.</summary>
    public const string StoreUnavailable = "store_unavailable";

    /// <summary>An error on our side.</summary>
    public const string ServerError = "server_error";

    /// <summary>Every reason with its status and title.</summary>
    public static IReadOnlyList<ReasonEntry> All { get; } =
    [
        new(SessionMissing, 401, "Sign in to continue."),
        new(SessionExpired, 401, "The session has expired. Sign in again."),
        new(SessionRevoked, 401, "The session was ended. Sign in again."),
        new(TokenExpired, 401, "The access token has expired. Refresh it."),
        new(TokenInvalid, 401, "The token is not valid."),
        new(TokenReused, 401, "The refresh token was used twice, so its session was ended. Sign in again."),
        new(ReauthenticationRequired, 401, "Sign in again to do this."),
        new(ApiKeyInvalid, 401, "The API key is missing or not valid."),
        new(CsrfFailed, 403, "The request did not come from this application's own pages."),
        new(InsufficientScope, 403, "You may not do this."),
        new(InvalidRequest, 400, "The request is malformed."),
        new(NotFound, 404, "There is no such thing here."),
        new(HttpsRequired, 400, "Use HTTPS."),
        new(Conflict, 409, "Something else happened first."),
        new(DataTooLarge, 413, "The session's data would become too large."),
        new(RateLimited, 429, "Too many requests. Wait a moment."),
        new(StoreUnavailable, 503, "Sessions cannot be checked at the moment. Try again."),
        new(ServerError, 500, "Something went wrong on our side."),
    ];

    /// <summary>The entry of a reason.</summary>
    /// <exception cref="ArgumentException">There is no such reason.</exception>
    public static ReasonEntry Find(string reason) =>
        All.FirstOrDefault(entry => entry.Reason == reason) ?? throw new ArgumentException($"There is no reason '{reason}'.", nameof(reason));
}

/// <summary>One reason.</summary>
/// <param name="Reason">Its code.</param>
/// <param name="Status">The HTTP status that carries it, unless a more precise one of the same class exists.</param>
/// <param name="Title">What it means, for people.</param>
public sealed record ReasonEntry(string Reason, int Status, string Title);
