namespace Holdfast.AspNetCore;

/// <summary>How the credential of a request travelled.</summary>
public enum CredentialKind
{
    /// <summary>There was none.</summary>
    None = 0,

    /// <summary>The cookie of a visitor who has not signed in.</summary>
    AnonymousCookie = 1,

    /// <summary>The session cookie.</summary>
    SessionCookie = 2,

    /// <summary>The access token in a cookie.</summary>
    TokenCookie = 3,

    /// <summary>
    /// Only the refresh token in a cookie: it proves nothing but which session a sign-out or a refresh is about.
    /// </summary>
    RefreshCookie = 4,

    /// <summary>The access token in the Authorization header, which no other site can send.</summary>
    Bearer = 5,
}
