namespace Holdfast.OpenIdConnect;

/// <summary>What a logout at the provider means here.</summary>
public sealed class BackChannelLogoutOptions
{
    /// <summary>
    /// Ends token sessions (mobile, API clients) as well. Default: false; they have their own life, like refresh tokens for
    /// <c>offline_access</c> (Back-Channel Logout 1.0, section 2.7).
    /// </summary>
    public bool EndTokenSessions { get; set; }

    /// <summary>
    /// The subject that the application signs the provider's <c>sub</c> in as; null for one that it does not know. Default: the same.
    /// </summary>
    public Func<string, CancellationToken, ValueTask<string?>> SubjectFor { get; set; } = (sub, _) => ValueTask.FromResult<string?>(sub);
}
