using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Holdfast.AspNetCore.Accounts;

/// <summary>
/// Identity's user manager, under which changes to an account reach its sessions: new credentials end all others, a deletion or a
/// lockout by an administrator ends all. Derive from it if the application has a user manager of its own.
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
        return request.Session?.Subject == subject ? request.Session.Handle : null;
    }

    // Not cancelled with the request: the account has changed already.
    private ValueTask EndAsync(string subject, SessionHandle? except) =>
        sessions.EndAllAsync(RequestSession.Tenant, subject, except, EndReason.AccountChanged, Caller.Application, CancellationToken.None);
}
