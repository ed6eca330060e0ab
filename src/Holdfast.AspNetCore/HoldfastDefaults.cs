namespace Holdfast.AspNetCore;

/// <summary>Names that applications refer to.</summary>
public static class HoldfastDefaults
{
    /// <summary>The authentication scheme: <c>Holdfast</c>.</summary>
    public const string AuthenticationScheme = "Holdfast";

    /// <summary>
    /// The claim that names the session, always: <c>sid</c> does too, unless the application signed in with one of its own, such as an
    /// identity provider's.
    /// </summary>
    public const string SessionClaim = "holdfast_sid";

    /// <summary>The claim that names the scheme of the identity provider that a session came from; absent for others.</summary>
    public const string ProviderClaim = "holdfast_provider";
}
