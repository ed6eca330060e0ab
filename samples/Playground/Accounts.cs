using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Playground;

/// <summary>The accounts, in an SQLite file of their own.</summary>
public sealed class AccountsContext(DbContextOptions<AccountsContext> options) : IdentityDbContext<IdentityUser>(options);

/// <summary>The one account that exists from the start.</summary>
public static class DemoAccount
{
    /// <summary>Its name.</summary>
    public const string Email = "ada@example.org";

    /// <summary>Its password, which protects nothing but this demonstration.</summary>
    public const string Password = "Correct-horse-1";

    /// <summary>Makes the tables and the account, once.</summary>
    public static async Task EnsureAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<AccountsContext>().Database.EnsureCreatedAsync();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>();
        if (await users.FindByEmailAsync(Email) is null)
        {
            var created = await users.CreateAsync(new IdentityUser(Email) { Email = Email, EmailConfirmed = true }, Password);
            if (!created.Succeeded)
            {
                throw new InvalidOperationException($"The demo account could not be made: {string.Join(' ', created.Errors.Select(error => error.Description))}");
            }
        }
    }
}
