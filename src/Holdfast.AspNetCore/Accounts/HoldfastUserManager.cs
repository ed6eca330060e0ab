using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Holdfast.AspNetCore.Accounts;

/// <summary>
/// Identity's user manager, under which changes to an account reach its sessions: new credentials end all others, a deletion or a
/// lockout by an administrator ends all. What would let somebody else take the account over (e-mail, phone, password, factors, linked
/// logins) is changed by its own user only within <see cref="HoldfastOptions.RecentSignIn"/> of a proof. Derive from it if the application has a user manager of its own.
/// </summary>
public class HoldfastUserManager<TUser>(
    IUserStore<TUser> store,
    IOptions<IdentityOptions> optionsAccessor,
    IPasswordHasher<TUser> passwordHasher,
    IEnumerable<IUserValidator<TUser>> userValidators,
    IEnumerable<IPasswordValidator<TUser>> passwordValidators,
    ILookupNormalizer keyNormalizer,
    IdentityErrorDescriber errors,
    IServiceProvider services,
    ILogger<UserManager<TUser>> logger,
    SessionManager sessions,
    HoldfastOptions options,
    IServiceScopeFactory scopes,
    IHttpContextAccessor http)
    : UserManager<TUser>(store, optionsAccessor, passwordHasher, userValidators, passwordValidators, keyNormalizer, errors, services, logger)
    where TUser : class
{
    /// <inheritdoc/>
    public override async Task<IdentityResult> DeleteAsync(TUser user)
    {
        var subject = await GetUserIdAsync(user);
        var result = await base.DeleteAsync(user);
        if (result.Succeeded)
        {
            await EndAsync(subject, except: null);
        }

        return result;
    }

    /// <summary>
    /// Locks an account, or lifts that. An administrator's lock ends its sessions. Identity's own lock after wrong passwords does not come
    /// through here: otherwise anybody who knows a name could sign its user out.
    /// </summary>
    public override async Task<IdentityResult> SetLockoutEndDateAsync(TUser user, DateTimeOffset? lockoutEnd)
    {
        var result = await base.SetLockoutEndDateAsync(user, lockoutEnd);
        if (result.Succeeded && lockoutEnd is not null)
        {
            await EndAsync(await GetUserIdAsync(user), except: null);
        }

        return result;
    }

    /// <inheritdoc/>
    public override async Task<IdentityResult> SetEmailAsync(TUser user, string? email) =>
        await MissingProofAsync(user) ?? await base.SetEmailAsync(user, email);

    /// <inheritdoc/>
    public override async Task<IdentityResult> ChangeEmailAsync(TUser user, string newEmail, string token) =>
        await MissingProofAsync(user) ?? await base.ChangeEmailAsync(user, newEmail, token);

    /// <inheritdoc/>
    public override async Task<IdentityResult> SetPhoneNumberAsync(TUser user, string? phoneNumber) =>
        await MissingProofAsync(user) ?? await base.SetPhoneNumberAsync(user, phoneNumber);

    /// <inheritdoc/>
    public override async Task<IdentityResult> ChangePhoneNumberAsync(TUser user, string phoneNumber, string token) =>
        await MissingProofAsync(user) ?? await base.ChangePhoneNumberAsync(user, phoneNumber, token);

    /// <inheritdoc/>
    public override async Task<IdentityResult> AddPasswordAsync(TUser user, string password) =>
        await MissingProofAsync(user) ?? await base.AddPasswordAsync(user, password);

    /// <inheritdoc/>
    public override async Task<IdentityResult> RemovePasswordAsync(TUser user) =>
        await MissingProofAsync(user) ?? await base.RemovePasswordAsync(user);

    /// <inheritdoc/>
    public override async Task<IdentityResult> SetTwoFactorEnabledAsync(TUser user, bool enabled) =>
        await MissingProofAsync(user) ?? await base.SetTwoFactorEnabledAsync(user, enabled);

    /// <inheritdoc/>
    public override async Task<IdentityResult> ResetAuthenticatorKeyAsync(TUser user) =>
        await MissingProofAsync(user) ?? await base.ResetAuthenticatorKeyAsync(user);

    /// <inheritdoc/>
    public override async Task<IEnumerable<string>?> GenerateNewTwoFactorRecoveryCodesAsync(TUser user, int number) =>
        await MissingProofAsync(user) is null ? await base.GenerateNewTwoFactorRecoveryCodesAsync(user, number) : null;

    /// <inheritdoc/>
    public override async Task<IdentityResult> AddLoginAsync(TUser user, UserLoginInfo login) =>
        await MissingProofAsync(user) ?? await base.AddLoginAsync(user, login);

    /// <inheritdoc/>
    public override async Task<IdentityResult> RemoveLoginAsync(TUser user, string loginProvider, string providerKey) =>
        await MissingProofAsync(user) ?? await base.RemoveLoginAsync(user, loginProvider, providerKey);

    /// <inheritdoc/>
    protected override async Task<IdentityResult> UpdateUserAsync(TUser user)
    {
        var subject = await GetUserIdAsync(user);
        var before = await PersistedStampAsync(subject);
        var result = await base.UpdateUserAsync(user);
        if (result.Succeeded && SupportsUserSecurityStamp && before is not null && before != await GetSecurityStampAsync(user))
        {
            // Whoever changes their own password stays signed in here, and nowhere else.
            await EndAsync(subject, await OwnSessionAsync(subject));
        }

        return result;
    }

    // Only a user's own request needs their proof: an administrator, a registration and a background job have none to give.
    private async Task<IdentityResult?> MissingProofAsync(TUser user)
    {
        if (http.HttpContext is not { } context)
        {
            return null;
        }

        var request = await RequestSession.OfAsync(context);
        if (request.Failure is { } failure)
        {
            // Whose request this is, nobody can say.
            throw failure;
        }

        return request.Live?.Subject != await GetUserIdAsync(user) || SessionPolicy.IsFresh(request.Assurance, request.Now, options.RecentSignIn)
            ? null
            : IdentityResult.Failed(new IdentityError
            {
                Code = "ReauthenticationRequired",
                Description = $"Sign in again to change this: your last sign-in is more than {options.RecentSignIn.TotalMinutes:0} minutes old.",
            });
    }

    // In a scope of its own: in this one the user is tracked, and already changed.
    private async Task<string?> PersistedStampAsync(string subject)
    {
        if (!SupportsUserSecurityStamp)
        {
            return null;
        }

        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<IUserStore<TUser>>();
        return await users.FindByIdAsync(subject, CancellationToken) is { } stored
            ? await ((IUserSecurityStampStore<TUser>)users).GetSecurityStampAsync(stored, CancellationToken) : null;
    }

    private async Task<SessionHandle?> OwnSessionAsync(string subject)
    {
        if (http.HttpContext is not { } context)
        {
            return null;
        }

        var request = await RequestSession.OfAsync(context);
        return request.Live?.Subject == subject ? request.Live.Handle : null;
    }

    // Not cancelled with the request: the account has changed already.
    private ValueTask EndAsync(string subject, SessionHandle? except) =>
        sessions.EndAllAsync(RequestSession.Tenant, subject, except, EndReason.AccountChanged, Caller.Application, CancellationToken.None);
}
