using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Playground;

/// <summary>A small application as a team would write it: Identity accounts, Holdfast sessions, a few pages.</summary>
public static class PlaygroundApp
{
    /// <summary>Builds it. Tests pass their clock and their certificate through <paramref name="configure"/>.</summary>
    public static async Task<WebApplication> CreateAsync(
        PlaygroundSettings settings, string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        Directory.CreateDirectory(settings.Directory);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = "Playground",
        });
        builder.WebHost.UseUrls(settings.Address, settings.OtherAddress);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        builder.Services.AddDbContext<AccountsContext>(options => options.UseSqlite($"Data Source={Path.Combine(settings.Directory, "accounts.db")}"));
        builder.Services.AddIdentity<IdentityUser, IdentityRole>().AddEntityFrameworkStores<AccountsContext>().AddDefaultTokenProviders();
        builder.Services.AddHoldfast(options =>
            {
                options.RenewSecretAfter = TimeSpan.FromMinutes(1);
                options.Issuer = settings.Issuer;
            })
            .UseSqlite(Path.Combine(settings.Directory, "sessions.db"))
            .UseForIdentity()
            .AddEventSink<Decisions>();
        builder.Services.AddSingleton(settings);
        builder.Services.AddHealthChecks().AddHoldfast();
        builder.Services.AddHttpClient();
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseOtherSite(settings);
        app.UseHoldfast();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.MapHoldfast("/auth");
        app.MapHealthChecks("/healthz");
        app.MapAccount();
        app.MapAttacks();
        app.MapGet("/api/decisions", (Decisions decisions) => decisions.Latest()).RequireAuthorization().AsPoll();
        app.MapGet("/api/live", StayOpenAsync).RequireAuthorization().AsPoll();
        await DemoAccount.EnsureAsync(app.Services);
        return app;
    }

    // A connection with nothing to say: the page sees at once when the server cuts it, because the session has ended.
    private static async Task StayOpenAsync(HttpContext http, TimeProvider clock)
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.WriteAsync("event: open\ndata: live\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await Task.Delay(Timeout.InfiniteTimeSpan, clock, http.RequestAborted);
    }

    // The page asks by itself, so asking must not keep anybody signed in.
    private static void AsPoll(this IEndpointConventionBuilder builder) => Holdfast.AspNetCore.MachineTrafficExtensions.AsMachineTraffic(builder);
}
