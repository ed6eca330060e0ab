using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Adopted;

/// <summary>A SignalR chat behind a sign-in.</summary>
public static class ChatApp
{
    /// <summary>Builds it.</summary>
    public static Task<WebApplication> CreateAsync(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        var builder = AdoptedApps.Builder(settings, configure);
        builder.Services.AddSignalR();
        builder.Services.AddHoldfast().UseSqlite(Path.Combine(settings.Directory, "sessions.db"));

        var app = builder.Build();
        app.UseHoldfast();
        app.UseStaticFiles();
        app.MapPost("/login", async (HttpContext http, Login login) =>
        {
            if (!DemoUser.Accepts(login.Name, login.Password))
            {
                return Results.Unauthorized();
            }

            await http.SignInAsync(DemoUser.Principal("password"));
            return Results.NoContent();
        });
        app.MapHub<Chat>("/chat");
        app.MapHoldfast();
        return Task.FromResult(app);
    }

    private sealed record Login(string Name, string Password);

    [Authorize]
    private sealed class Chat : Hub
    {
        public Task Say(string text) => Clients.All.SendAsync("said", Context.User!.Identity!.Name, text);
    }
}
