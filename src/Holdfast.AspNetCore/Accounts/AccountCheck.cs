using System.Security.Claims;

namespace Holdfast.AspNetCore.Accounts;

/// <summary>
/// Asks the application's accounts, after the epoch was read, whether what was proven a moment ago still stands. Together with the
/// epoch this closes the gap between checking a password and starting a session.
/// </summary>
internal abstract class AccountCheck
{
    /// <summary>Whether the account exists, and its credentials are those that the principal was made from.</summary>
    public abstract Task<bool> StillProvenAsync(ClaimsPrincipal user);
}
