using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using Holdfast.AspNetCore.Connections;
using Holdfast.AspNetCore.Tests.Connections;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.AspNetCore.Tests.SideBySide;

/// <summary>
/// What the framework's own parts get wrong, shown on them and then on Holdfast. A test that fails on the stock side means that the
/// framework has been repaired, and docs/adopt.md should say so.
/// </summary>
public sealed class StockDefectsTests
{
    private const string Password = "Correct-horse-1";

    public static TheoryData<bool> BothSides => [false, true];

    [Theory(DisplayName = "Signing in over a planted cookie keeps its key (dotnet/aspnetcore#47503)")]
    [MemberData(nameof(BothSides))]
    [Requirement("SID-02")]
    public async Task A_planted_cookie_after_the_victim_signed_in_over_it(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast, onHoldfast ? null : UseOrdinaryTicketStore);
        using var mallory = await app.SignedInAsync("mallory");
        using var victim = app.Browser();
        victim.Plant(mallory.Cookies[".AspNetCore.Cookies"]);
        (await victim.PostAsync("/sign-in/ada")).EnsureSuccessStatusCode();
        using var attack = await mallory.GetAsync("/me");
        Assert.Equal(onHoldfast ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, attack.StatusCode);
        Assert.Equal(!onHoldfast, await attack.Content.ReadAsStringAsync() == "ada");
    }

    [Theory(DisplayName = "A session that is used lasts for ever (aspnet/Security#557)")]
    [MemberData(nameof(BothSides))]
    [Requirement("TO-02")]
    public async Task A_session_that_is_used_every_twenty_minutes_for_two_days(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast);
        using var ada = await app.SignedInAsync();
        for (var use = 0; use < 2 * 24 * 3; use++)
        {
            app.Clock.Advance(TimeSpan.FromMinutes(20));
            await ada.GetAsync("/me");
        }

        Assert.Equal(onHoldfast ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, (await ada.GetAsync("/me")).StatusCode);
    }

    [Theory(DisplayName = "A copied cookie works after the sign-out (dotnet/aspnetcore#7737)")]
    [MemberData(nameof(BothSides))]
    [Requirement("LO-01")]
    public async Task A_copied_cookie_after_the_sign_out(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast);
        using var ada = await app.SignedInAsync();
        using var thief = app.Browser();
        thief.Plant(ada.Cookies[".AspNetCore.Cookies"]);
        (await ada.PostAsync("/sign-out")).EnsureSuccessStatusCode();
        Assert.Equal(onHoldfast ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, (await thief.GetAsync("/me")).StatusCode);
    }

    [Theory(DisplayName = "A renewal under way brings a removed ticket back (stock handler, ordinary ticket store)")]
    [MemberData(nameof(BothSides))]
    public async Task A_request_under_way_during_the_sign_out(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast, onHoldfast ? null : UseOrdinaryTicketStore);
        using var ada = await app.SignedInAsync();
        using var tab = app.Browser();
        tab.Plant(ada.Cookies[".AspNetCore.Cookies"]);
        app.Clock.Advance(TimeSpan.FromMinutes(20));
        var slow = tab.GetAsync("/slow-me");
        await app.Gate.Entered;
        (await ada.PostAsync("/sign-out")).EnsureSuccessStatusCode();
        app.Gate.Open();
        await slow;
        Assert.Equal(onHoldfast ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, (await tab.GetAsync("/me")).StatusCode);
    }

    [Theory(DisplayName = "Of two overlapping requests the last writes the whole session (dotnet/aspnetcore#24148)")]
    [MemberData(nameof(BothSides))]
    public async Task Two_requests_that_overlap_and_write_different_keys(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast);
        using var browser = app.Browser();
        await browser.PostAsync("/set/first");
        var slow = browser.PostAsync("/slow/a");
        await app.Gate.Entered;
        await browser.PostAsync("/set/b");
        app.Gate.Open();
        await slow;
        Assert.Equal(onHoldfast ? "value" : "nothing", await (await browser.GetAsync("/get/b")).Content.ReadAsStringAsync());
    }

    [Theory(DisplayName = "A session that cannot be loaded is empty, without a word (dotnet/aspnetcore#12864)")]
    [MemberData(nameof(BothSides))]
    [Requirement("ER-01")]
    public async Task A_session_whose_store_fails(bool onHoldfast)
    {
        var store = new ObservedStore(new MemorySessionStore(TimeProvider.System));
        var cache = new FailingCache();
        await using var app = await StockApp.StartAsync(
            onHoldfast,
            services => services.AddSingleton<IDistributedCache>(cache),
            adopt: holdfast => holdfast.UseStore(_ => store, () => Convert.ToBase64String(Holdfast.Tokens.Secret.New().Reveal())).UseForHttpSession());
        using var browser = app.Browser();
        await browser.PostAsync("/set/cart");
        Assert.Equal("value", await (await browser.GetAsync("/get/cart")).Content.ReadAsStringAsync());
        (cache.IsDown, store.Silent) = (true, true);
        using var answer = await browser.GetAsync("/get/cart");
        Assert.Equal(onHoldfast ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(!onHoldfast, await answer.Content.ReadAsStringAsync() == "nothing");
    }

    [Theory(DisplayName = "A refresh token can be used again and again, and nobody can sign out (dotnet/aspnetcore#52815, #52834)")]
    [MemberData(nameof(BothSides))]
    [Requirement("RT-02")]
    public async Task A_refresh_token_that_is_used_again_after_its_successor(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast, AddIdentityApi, web =>
        {
            web.MapGroup("/identity").MapIdentityApi<IdentityUser>().DisableAntiforgery();
            web.MapPost("/identity/tokens", (Microsoft.AspNetCore.Http.HttpContext http, IServiceProvider _) =>
                Microsoft.AspNetCore.Http.HoldfastHttpContextExtensions.SignInForTokensAsync(http, new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "ada")], "password"))));
        });
        using var client = new HttpClient { BaseAddress = app.Address };
        (await client.PostAsJsonAsync("/identity/register", new { email = "ada@example.org", password = Password })).EnsureSuccessStatusCode();
        var (path, name, first) = onHoldfast
            ? ("/auth/refresh", "refresh_token", await Answer.JsonAsync(await client.PostAsync("/identity/tokens", null)))
            : ("/identity/refresh", "refreshToken", await Answer.JsonAsync(await client.PostAsJsonAsync("/identity/login", new { email = "ada@example.org", password = Password })));
        Task<HttpResponseMessage> RefreshAsync(System.Text.Json.JsonElement tokens) =>
            client.PostAsJsonAsync(path, new Dictionary<string, string?> { [name] = tokens.GetProperty(name).GetString() });
        var second = await Answer.JsonAsync(await RefreshAsync(first));
        var third = await Answer.JsonAsync(await RefreshAsync(second));
        Assert.Equal(onHoldfast ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, (await RefreshAsync(first)).StatusCode);
        Assert.Equal(onHoldfast ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, (await RefreshAsync(third)).StatusCode);
        Assert.Equal(onHoldfast ? HttpStatusCode.NoContent : HttpStatusCode.NotFound, (await client.PostAsync(onHoldfast ? "/auth/logout" : "/identity/logout", null)).StatusCode);
    }

    [Theory(DisplayName = "A SignalR connection survives the sign-out (dotnet/aspnetcore#5283)")]
    [MemberData(nameof(BothSides))]
    [Requirement("LO-03")]
    public async Task A_hub_connection_after_the_sign_out(bool onHoldfast)
    {
        await using var app = await StockApp.StartAsync(onHoldfast);
        using var ada = await app.SignedInAsync();
        var (hub, closed) = Hubs.Of(app.Address, ada, HttpTransportType.WebSockets);
        await using var disposed = hub;
        await hub.StartAsync();
        Assert.Equal("ada", await hub.InvokeAsync<string>("WhoAmI"));
        (await ada.PostAsync("/sign-out")).EnsureSuccessStatusCode();
        if (onHoldfast)
        {
            await closed;
        }
        else
        {
            Assert.Equal("ada", await hub.InvokeAsync<string>("WhoAmI"));
        }
    }

    [Theory(DisplayName = "A Blazor circuit does not hear that its session ended (dotnet/aspnetcore#62902)")]
    [MemberData(nameof(BothSides))]
    public async Task A_circuit_after_the_session_ended(bool onHoldfast)
    {
        await using var app = await TestApp.StartAsync();
        using var browser = await app.SignedInAsync();
        var sid = await Answer.TextAsync(await browser.GetAsync("/auth/session"), "sid");
        var user = new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity([new Claim(HoldfastDefaults.SessionClaim, sid!)], "cookie")));
        using var ours = new CircuitSessions(NullLoggerFactory.Instance, app.Sessions) { Interval = TimeSpan.FromMilliseconds(20) };
        ServerAuthenticationStateProvider circuit = onHoldfast ? ours : new ServerAuthenticationStateProvider();
        circuit.SetAuthenticationState(Task.FromResult(user));
        var changed = new TaskCompletionSource();
        circuit.AuthenticationStateChanged += _ => changed.TrySetResult();
        (await browser.PostAsync("/auth/logout")).EnsureSuccessStatusCode();
        if (onHoldfast)
        {
            await changed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(!onHoldfast, (await circuit.GetAuthenticationStateAsync()).User.Identity!.IsAuthenticated);
    }

    private static void UseOrdinaryTicketStore(IServiceCollection services) =>
        services.Configure<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme, options => options.SessionStore = new OrdinaryTicketStore());

    private static void AddIdentityApi(IServiceCollection services)
    {
        var name = SessionHandle.New(0).ToString();
        services.AddDbContext<Accounts>(options => options.UseSqlite($"Data Source={name};Mode=Memory;Cache=Shared"));
        services.AddIdentityApiEndpoints<IdentityUser>().AddEntityFrameworkStores<Accounts>();
        services.AddHostedService<AccountsFile>();
    }

    private sealed class Accounts(DbContextOptions<Accounts> options) : IdentityDbContext<IdentityUser>(options);

    /// <summary>Keeps the database in memory open while the application runs.</summary>
    private sealed class AccountsFile(IServiceScopeFactory scopes) : Microsoft.Extensions.Hosting.IHostedService
    {
        private AsyncServiceScope _scope;

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            _scope = scopes.CreateAsyncScope();
            var database = _scope.ServiceProvider.GetRequiredService<Accounts>().Database;
            await database.OpenConnectionAsync(cancellationToken);
            await database.EnsureCreatedAsync(cancellationToken);
        }

        public async Task StopAsync(CancellationToken cancellationToken) => await _scope.DisposeAsync();
    }

    private sealed class FailingCache : IDistributedCache
    {
        private readonly Dictionary<string, byte[]> _values = [];

        public bool IsDown { get; set; }

        private Dictionary<string, byte[]> Values => IsDown ? throw new InvalidOperationException("The cache is down.") : _values;

        public byte[]? Get(string key) => Values.GetValueOrDefault(key);

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => Task.FromResult(Get(key));

        public void Refresh(string key) => _ = Values;

        public Task RefreshAsync(string key, CancellationToken token = default) => Task.FromResult(Values);

        public void Remove(string key) => Values.Remove(key);

        public Task RemoveAsync(string key, CancellationToken token = default) => Task.FromResult(Values.Remove(key));

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => Values[key] = value;

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
        {
            Set(key, value, options);
            return Task.CompletedTask;
        }
    }
}
