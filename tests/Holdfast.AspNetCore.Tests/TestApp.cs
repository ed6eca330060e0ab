using System.Security.Claims;
using Holdfast.Auditing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.AspNetCore.Tests;

/// <summary>A real application on a real port of loopback, with a clock that tests move and everything that it said.</summary>
internal sealed class TestApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestApp(WebApplication app, FakeTimeProvider clock, RecordingLog log, ObservedStore store) => (_app, Clock, Log, Store) = (app, clock, log, store);

    public FakeTimeProvider Clock { get; }

    public RecordingLog Log { get; }

    public ObservedStore Store { get; }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public SessionManager Sessions => _app.Services.GetRequiredService<SessionManager>();

    public Maintenance Maintenance => _app.Services.GetRequiredService<Maintenance>();

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<TestApp> StartAsync(
        Action<HoldfastOptions>? configure = null,
        Action<HoldfastWebOptions>? configureWeb = null,
        Action<WebApplicationBuilder>? build = null,
        Action<WebApplication>? before = null,
        Action<WebApplication>? after = null,
        Action<WebApplication>? map = null)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        var log = new RecordingLog();
        var store = new ObservedStore(new MemorySessionStore(clock));
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSingleton<TimeProvider>(clock);
        var secret = Convert.ToBase64String(Holdfast.Tokens.Secret.New().Reveal());
        builder.Services.AddHoldfast(
            options =>
            {
                // Each pull of a fake half day costs real time.
                options.MaxStaleness = TimeSpan.FromSeconds(10);
                configure?.Invoke(options);
            },
            configureWeb).UseStore(_ => store, () => secret).AddEventSink<RecordingSink>();
        build?.Invoke(builder);
        var app = builder.Build();
        before?.Invoke(app);
        app.UseHoldfast();
        after?.Invoke(app);
        app.MapHoldfast("/auth");
        MapApplication(app);
        map?.Invoke(app);
        await app.StartAsync();
        return new TestApp(app, clock, log, store);
    }

    public BrowserClient Browser() => new(Address, Clock);

    /// <summary>A browser with somebody signed in.</summary>
    public async Task<BrowserClient> SignedInAsync(string user = "ada", bool remember = false)
    {
        var browser = Browser();
        (await browser.PostAsync($"/sign-in/{user}?remember={remember}")).EnsureSuccessStatusCode();
        return browser;
    }

    public async Task<IReadOnlyList<SessionEvent>> EventsAsync()
    {
        await Service<SessionEventQueue>().FlushAsync(CancellationToken.None);
        return Service<RecordingSink>().Events;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static void MapApplication(WebApplication app)
    {
        app.MapPost("/sign-in/{user}", (HttpContext http, string user, bool remember = false) =>
            http.SignInAsync(Principal(user), new AuthenticationProperties { IsPersistent = remember }));
        app.MapPost("/sign-out", (HttpContext http) => http.SignOutAsync());
        app.MapPost("/tokens/{user}", (HttpContext http, string user) => http.SignInForTokensAsync(Principal(user)));
        app.MapPost("/token-cookies/{user}", (HttpContext http, string user) => http.SignInWithTokenCookiesAsync(Principal(user)));
        app.MapGet("/me", (ClaimsPrincipal me) => me.FindFirstValue(ClaimTypes.NameIdentifier)).RequireAuthorization();
        app.MapGet("/admin", () => "admin").RequireAuthorization(policy => policy.RequireRole("admin"));
        app.MapPost("/me", (ClaimsPrincipal me) => $"changed {me.FindFirstValue(ClaimTypes.NameIdentifier)}").RequireAuthorization();
        app.MapGet("/public", () => "public");
        app.MapGet("/page", () => Results.Content("<p>page</p>", "text/html"));
        app.MapPost("/form", ([Microsoft.AspNetCore.Mvc.FromForm] string name) => $"form of {name}");
        app.MapPost("/webhook", () => "taken").DisableAntiforgery();
        app.MapGet("/data/{field}", async (HttpContext http, string field) => await http.GetHoldfastSession().GetAsync<string>(field) ?? "nothing");
        app.MapPost("/data/{field}", async (HttpContext http, string field, string value) => await http.GetHoldfastSession().SetAsync(field, value));
        app.MapPost("/data-of-size/{size}", async (HttpContext http, int size) => await http.GetHoldfastSession().SetAsync("big", new string('x', size)));
    }

    private static ClaimsPrincipal Principal(string user) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, user), new Claim(ClaimTypes.Name, user), new Claim("amr", "pwd")], "password"));
}
