using System.Security.Claims;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Authentication;

namespace Holdfast.Bench;

/// <summary>The same endpoint three times: with nothing in front, behind the session cookie, behind an access token.</summary>
internal static class BenchApp
{
    public static async Task RunAsync(string store)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:5090");
        builder.Logging.ClearProviders();
        var holdfast = builder.Services.AddHoldfast(
            options => options.MasterSecret = Convert.ToBase64String(Secret.New().Reveal()),
            web => (web.RequestsPerMinutePerAddress, web.RequestsPerMinutePerSession) = (0, 0));
        _ = store switch
        {
            "memory" => holdfast.UseMemory(),
            "sqlite" => holdfast.UseSqlite(Path.Combine(Directory.CreateTempSubdirectory("holdfast-bench-").FullName, "bench.db")),
            _ => holdfast.UseRedis(store),
        };
        await using var app = builder.Build();
        app.MapWhen(context => context.Request.Path == "/plain", plain => plain.Run(context => context.Response.WriteAsync("hello")));
        app.UseHoldfast();
        app.MapHoldfast("/auth");
        app.MapPost("/sign-in", (HttpContext http) => http.SignInAsync(Ada));
        app.MapPost("/tokens", (HttpContext http, CancellationToken _) => http.SignInForTokensAsync(Ada));
        app.MapGet("/guarded", () => "hello").RequireAuthorization();
        await app.RunAsync();
    }

    private static ClaimsPrincipal Ada => new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "ada"), new Claim(ClaimTypes.Name, "Ada")], "bench"));
}
