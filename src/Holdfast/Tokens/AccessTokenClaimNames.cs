namespace Holdfast.Tokens;

/// <summary>The claims that Holdfast itself puts into an access token (RFC 9068, section 2.2, and four of its own).</summary>
public static class AccessTokenClaimNames
{
    /// <summary>The session's handle.</summary>
    public const string SessionId = "sid";

    /// <summary>The tenant.</summary>
    public const string Tenant = "tenant";

    /// <summary>The epoch that the session carried when the token was made.</summary>
    public const string Epoch = "epoch";

    /// <summary>The credential version that the session had.</summary>
    public const string CredentialVersion = "cv";

    /// <summary>The refresh generation that the token was minted with; 0 without refresh tokens.</summary>
    public const string Generation = "gen";

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "auth_time", "acr", "amr", "scope", "cnf",
        SessionId, Tenant, Epoch, CredentialVersion, Generation,
    };

    /// <summary>Whether a configured claim would collide with one of these.</summary>
    public static bool IsReserved(string claim) => Reserved.Contains(claim);
}
