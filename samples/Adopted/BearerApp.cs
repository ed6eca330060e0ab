using System.Security.Claims;

namespace Adopted;

/// <summary>A minimal API whose clients send bearer tokens, with a page that is such a client.</summary>
public static class BearerApp
{
    /// <summary>Builds it.</summary>
    public static Task<WebApplication> CreateAsync(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        var builder = AdoptedApps.Builder(settings, configure);
        builder.Services.AddHoldfast().UseSqlite(Path.Combine(settings.Directory, "sessions.db"));

        var app = builder.Build();
        app.UseHoldfast();
        app.UseStaticFiles();
        app.MapPost("/login", async (Login login, HttpContext http) => DemoUser.Accepts(login.Name, login.Password)
            ? Results.Ok(await http.SignInForTokensAsync(DemoUser.Principal("password")))
            : Results.Unauthorized()).DisableAntiforgery();
        app.MapGet("/api/me", (ClaimsPrincipal me) => new { name = me.FindFirstValue(ClaimTypes.NameIdentifier) }).RequireAuthorization();
        app.MapHoldfast();
        return Task.FromResult(app);
    }

    private sealed record Login(string Name, string Password);
}
