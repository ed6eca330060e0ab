using System.Net;
using Microsoft.AspNetCore.Authentication;

namespace Holdfast.Bench.Variants;

/// <summary>Holdfast as applications use it, and piece by piece.</summary>
internal static class Holdfasts
{
    public static Variant Cookie { get; } = new("Holdfast, session cookie", Add, app =>
    {
        app.UseHoldfastSessions();
        app.MapSubject();
        MapSignIn(app);
    });

    public static Variant Token { get; } = new("Holdfast, access token (ES256)", Add, app =>
    {
        app.UseHoldfastSessions();
        app.MapSubject();
        MapSignInForTokens(app);
    });

    public static Variant Authorized { get; } = new("Holdfast, session cookie, [Authorize]", Add, app =>
    {
        app.UseHoldfastSessions();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapSubject().RequireAuthorization();
        MapSignIn(app);
    });

    /// <summary>With limits: as many a minute as can be set, shared out over as many addresses and sessions as that takes here.</summary>
    public static Variant Chain { get; } = new("Holdfast, full chain, limits on", AddLimited, app =>
    {
        UseChain(app);
        app.MapSubject();
    });

    public static Variant ChainAuthorized { get; } = new("Holdfast, full chain, limits on, [Authorize]", AddLimited, app =>
    {
        UseChain(app);
        app.MapSubject().RequireAuthorization();
    });

    public static Variant ChainToken { get; } = new("Holdfast, full chain, access token", Add, app =>
    {
        app.UseHoldfast();
        app.MapSubject();
        MapSignInForTokens(app);
    });

    public static Variant Many { get; } = new("Holdfast, 20,000 cookies of a million", Add, app =>
    {
        app.UseHoldfastSessions();
        app.MapSubject();
        MapPopulation(app, Population.Million);
    })
    {
        InProcess = false,
    };

    public static HoldfastBuilder AddHoldfast(IServiceCollection services, Backing backing, int perMinute)
    {
        var holdfast = services.AddHoldfast(
            options =>
            {
                options.Environment = "bench";
                options.MasterSecret = "w4fXyEgVVQg9MFxKb3mnlQpLv5nLQ4Wc0l7c5k7gY6M=";
                options.AccessTokenLifetime = TimeSpan.FromMinutes(15);
                options.RenewSecretAfter = TimeSpan.FromDays(1);
            },
            web => (web.RequestsPerMinutePerAddress, web.RequestsPerMinutePerSession) = (perMinute, perMinute));
        return backing.Store switch
        {
            "memory" => holdfast.UseMemory(),
            "sqlite" => holdfast.UseSqlite(Path.Combine(Directory.CreateTempSubdirectory("holdfast-bench-").FullName, "bench.db")),
            "redis" => holdfast.UseRedis(backing.Redis),
            _ => throw new ArgumentException($"The store is '{backing.Store}': memory, sqlite or redis.", nameof(backing)),
        };
    }

    private static void Add(WebApplicationBuilder builder, Backing backing) => AddHoldfast(builder.Services, backing, 0);

    private static void AddLimited(WebApplicationBuilder builder, Backing backing) => AddHoldfast(builder.Services, backing, 1_000_000);

    private static void UseChain(WebApplication app)
    {
        // One client of this benchmark stands for 256, each within the limits.
        IPAddress[] addresses = [.. Enumerable.Range(0, 256).Select(number => new IPAddress([127, 0, 1, (byte)number]))];
        var turn = 0;
        app.Use(next => context =>
        {
            context.Connection.RemoteIpAddress = addresses[turn++ & 255];
            return next(context);
        });
        app.UseHoldfast();
        MapPopulation(app, 256);
    }

    public static void MapSignIn(WebApplication app) => app.MapPost("/sign-in", (HttpContext http) => http.SignInAsync(Endpoints.User(1)));

    public static void MapSignInForTokens(WebApplication app) => app.MapPost("/sign-in", async (HttpContext http) =>
    {
        var tokens = await http.SignInForTokensAsync(Endpoints.User(1));
        return Results.Text("Authorization: Bearer " + tokens.AccessToken);
    });

    private static void MapPopulation(WebApplication app, int count)
    {
        Task<string>? answer = null;
        app.MapPost("/sign-in", () => answer ??= Population.SignInAsync(app.Services, count));
    }
}
