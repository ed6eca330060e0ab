using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Adopted;

/// <summary>Razor Pages and ASP.NET Core Identity.</summary>
public static class RazorApp
{
    /// <summary>Builds it.</summary>
    public static async Task<WebApplication> CreateAsync(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        var builder = AdoptedApps.Builder(settings, configure);
        builder.Services.AddDbContext<Accounts>(options => options.UseSqlite($"Data Source={Path.Combine(settings.Directory, "accounts.db")}"));
        builder.Services.AddIdentity<IdentityUser, IdentityRole>().AddEntityFrameworkStores<Accounts>().AddDefaultTokenProviders();
        builder.Services.AddRazorPages(options => options.Conventions.AuthorizePage("/Index"));
        builder.Services.AddHoldfast().UseSqlite(Path.Combine(settings.Directory, "sessions.db")).UseForIdentity();

        var app = builder.Build();
        app.UseStaticFiles();
        app.UseHoldfast();
        app.MapRazorPages();
        app.MapHoldfast();

        await using var scope = app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Accounts>().Database.EnsureCreatedAsync();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>();
        if (await users.FindByNameAsync(DemoUser.Name) is null)
        {
            await users.CreateAsync(new IdentityUser(DemoUser.Name), DemoUser.Password);
        }

        return app;
    }

    /// <summary>Its users.</summary>
    public sealed class Accounts(DbContextOptions<Accounts> options) : IdentityDbContext<IdentityUser>(options);
}
