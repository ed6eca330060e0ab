using Microsoft.AspNetCore.Authentication.Cookies;

namespace Adopted;

/// <summary>MVC with antiforgery forms, TempData and HttpContext.Session, on the stock cookie handler.</summary>
public static class MvcApp
{
    /// <summary>Builds it.</summary>
    public static Task<WebApplication> CreateAsync(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        var builder = AdoptedApps.Builder(settings, configure);
        builder.Services.AddControllersWithViews().AddSessionStateTempDataProvider();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options => options.LoginPath = "/shop/login");
        builder.Services.AddDistributedMemoryCache().AddSession();
        builder.Services.AddHoldfast().UseSqlite(Path.Combine(settings.Directory, "sessions.db")).UseForCookies().UseForHttpSession();

        var app = builder.Build();
        app.UseStaticFiles();
        app.UseHoldfast();
        app.UseSession();
        app.MapControllerRoute("default", "{controller=Shop}/{action=Index}");
        app.MapHoldfast();
        return Task.FromResult(app);
    }
}
