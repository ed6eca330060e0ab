using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.AspNetCore.Tests.Testing;

/// <summary>Holdfast.Testing as an application's own tests use it: no port, no store, no sign-in page, and time at will.</summary>
public sealed class ApplicationTests
{
    [Fact]
    public async Task A_test_signs_in_as_anybody_and_moves_time()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        await using var app = await StartAsync(clock);
        using var alice = new BrowserClient(app.GetTestServer().BaseAddress, clock, app.GetTestServer().CreateHandler());
        Assert.Equal(HttpStatusCode.Unauthorized, (await alice.GetAsync("/orders")).StatusCode);

        await alice.SignInAs(app.Services, "alice", (ClaimTypes.Role, "buyer"));
        Assert.Equal("orders of alice", await (await alice.GetAsync("/orders")).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, (await alice.PostAsync("/orders", new { item = "book" })).StatusCode);

        clock.Advance(TimeSpan.FromMinutes(32));
        Assert.Equal("session_expired", await Answer.ReasonAsync(await alice.GetAsync("/orders")));
    }

    // The application, with a store of production, and what the test replaces.
    private static async Task<WebApplication> StartAsync(FakeTimeProvider clock)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddHoldfast().UseRedis("redis.example:6379");
        builder.WebHost.UseTestServer();
        builder.Services.UseHoldfastInMemory(clock);
        var app = builder.Build();
        app.UseHoldfast();
        app.MapHoldfast();
        app.MapGet("/orders", (ClaimsPrincipal me) => $"orders of {me.Identity!.Name}").RequireAuthorization(policy => policy.RequireRole("buyer"));
        app.MapPost("/orders", () => Results.Ok()).RequireAuthorization();
        await app.StartAsync();
        return app;
    }
}
