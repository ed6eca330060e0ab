using Adopted.Components;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace Adopted;

/// <summary>Blazor Server: a component that lives in a circuit.</summary>
public static class BlazorApp
{
    /// <summary>Builds it.</summary>
    public static Task<WebApplication> CreateAsync(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        var builder = AdoptedApps.Builder(settings, configure);
        builder.WebHost.UseStaticWebAssets();
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddHoldfast().UseSqlite(Path.Combine(settings.Directory, "sessions.db")).UseForBlazor();

        var app = builder.Build();
        app.UseHoldfast();
        app.MapStaticAssets();
        app.MapPost("/login", async (HttpContext http, [FromForm] string name, [FromForm] string password) =>
        {
            if (!DemoUser.Accepts(name, password))
            {
                return Results.Unauthorized();
            }

            await http.SignInAsync(DemoUser.Principal("password"));
            return Results.LocalRedirect("/counter");
        });
        app.MapRazorComponents<Document>().AddInteractiveServerRenderMode();
        app.MapHoldfast();
        return Task.FromResult(app);
    }
}
