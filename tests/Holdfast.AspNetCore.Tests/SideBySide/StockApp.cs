using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.AspNetCore.Tests.SideBySide;

/// <summary>The same application twice: with the framework's own parts, and with those on Holdfast. Same endpoints, same browser.</summary>
internal sealed class StockApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StockApp(WebApplication app, FakeTimeProvider clock) => (_app, Clock) = (app, clock);

    public FakeTimeProvider Clock { get; }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public Gate Gate => _app.Services.GetRequiredService<Gate>();

    public static async Task<StockApp> StartAsync(
        bool onHoldfast, Action<IServiceCollection>? services = null, Action<WebApplication>? map = null, Func<HoldfastBuilder, HoldfastBuilder>? adopt = null)
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(clock).AddSingleton<Gate>();
        builder.Services.AddAuthorization().AddSignalR();
        builder.Services.AddDistributedMemoryCache().AddSession();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.ExpireTimeSpan = TimeSpan.FromMinutes(30);
            options.Events.OnRedirectToLogin = context =>
            {
                context.Response.StatusCode = 401;
                return Task.CompletedTask;
            };
        });
        services?.Invoke(builder.Services);
        if (onHoldfast)
        {
            (adopt ?? (holdfast => holdfast.UseForCookies().UseForHttpSession()))(builder.Services.AddHoldfast().UseMemory());
        }

        var app = builder.Build();
        if (onHoldfast)
        {
            app.UseHoldfast();
        }
        else
        {
            app.UseAuthentication();
            app.UseAuthorization();
        }

        app.UseSession();
        if (onHoldfast)
        {
            app.MapHoldfast();
        }
        else
        {
            app.MapGet("/auth/csrf", () => new { token = "none" });
        }

        Map(app);
        map?.Invoke(app);
        await app.StartAsync();
        return new StockApp(app, clock);
    }

    public BrowserClient Browser() => new(Address, Clock);

    public async Task<BrowserClient> SignedInAsync(string user = "ada")
    {
        var browser = Browser();
        (await browser.PostAsync($"/sign-in/{user}")).EnsureSuccessStatusCode();
        return browser;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static void Map(WebApplication app)
    {
        app.MapPost("/sign-in/{user}", (HttpContext http, string user) => http.SignInAsync(
            new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "password"))));
        app.MapPost("/sign-out", (HttpContext http) => http.SignOutAsync());
        app.MapGet("/me", (ClaimsPrincipal me) => me.FindFirstValue(ClaimTypes.NameIdentifier)).RequireAuthorization();
        app.MapGet("/get/{key}", (HttpContext http, string key) => http.Session.GetString(key) ?? "nothing");
        app.MapPost("/set/{key}", (HttpContext http, string key) => http.Session.SetString(key, "value"));
        app.MapPost("/slow/{key}", async (HttpContext http, string key, Gate gate) =>
        {
            http.Session.SetString(key, "value");
            await gate.PassAsync();
        });
        app.MapGet("/slow-me", async (Gate gate) =>
        {
            await gate.PassAsync();
            return "done";
        }).RequireAuthorization();
        app.MapHub<Chat>("/chat");
    }

    [Authorize]
    private sealed class Chat : Hub
    {
        public string WhoAmI() => Context.User!.FindFirstValue(ClaimTypes.NameIdentifier)!;
    }
}

/// <summary>A ticket store as the documentation and many products write it.</summary>
internal sealed class OrdinaryTicketStore : ITicketStore
{
    private readonly ConcurrentDictionary<string, AuthenticationTicket> _tickets = new();

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = SessionHandle.New(0).ToString();
        _tickets[key] = ticket;
        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        _tickets[key] = ticket;
        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => Task.FromResult(_tickets.GetValueOrDefault(key));

    public Task RemoveAsync(string key)
    {
        _tickets.TryRemove(key, out _);
        return Task.CompletedTask;
    }
}
