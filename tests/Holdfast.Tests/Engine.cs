using Holdfast.Auditing;
using Holdfast.Freshness;
using Holdfast.Refresh;
using Holdfast.Tokens;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Tests;

/// <summary>The whole engine on the store in memory, with a clock that tests move and everything that it said.</summary>
internal sealed class Engine : IDisposable
{
    public const string Tenant = SessionPolicy.DefaultTenant;
    public const string Ada = "ada";

    public Engine(Action<HoldfastOptions>? configure = null, ISessionStore? store = null, string? secret = null, FakeTimeProvider? clock = null)
    {
        Clock = clock ?? new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        Options = new HoldfastOptions { Environment = "test", Issuer = "https://holdfast.test" };
        configure?.Invoke(Options);
        Store = store ?? new MemorySessionStore(Clock);
        Keys = new MasterKeys(secret ?? NewSecret(), Options.Environment, Options.Issuer);
        Memory = new SessionMemory(Store.Partitions, Options, new StoreClock(Clock));
        KeyRing = new KeyRing(Store, Keys, Options, Memory.Clock);
        Touches = new TouchBuffer(Store);
        Queue = new SessionEventQueue([Sink], Clock, Log.CreateLogger<SessionEventQueue>());
        Events = new SessionEvents(Clock, Queue, Log.CreateLogger<SessionEvents>());
        Sessions = new SessionManager(Store, Memory, Keys, KeyRing, Options, Touches, Events);
        Follower = new FeedFollower(Store, Memory, Options, Clock, Log.CreateLogger<FeedFollower>());
        Maintenance = new Maintenance(Store, Touches, KeyRing, Events, Queue, Options, Clock, Log.CreateLogger<Maintenance>());
    }

    public FakeTimeProvider Clock { get; }

    public HoldfastOptions Options { get; }

    public ISessionStore Store { get; }

    public MasterKeys Keys { get; }

    public KeyRing KeyRing { get; }

    public SessionMemory Memory { get; }

    public FeedFollower Follower { get; }

    public TouchBuffer Touches { get; }

    public SessionEventQueue Queue { get; }

    public SessionEvents Events { get; }

    public SessionManager Sessions { get; }

    public SessionTerms Terms => SessionTerms.Of(Options);

    public Maintenance Maintenance { get; }

    public RecordingSink Sink { get; } = new();

    public RecordingLog Log { get; } = new();

    public static Caller Browser { get; } = new("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "request-1");

    public static string NewSecret() => Convert.ToBase64String(Secret.New().Reveal());

    /// <summary>An engine with a signing key.</summary>
    public static async Task<Engine> StartedAsync(
        Action<HoldfastOptions>? configure = null, ISessionStore? store = null, string? secret = null, FakeTimeProvider? clock = null)
    {
        var engine = new Engine(configure, store, secret, clock);
        await engine.KeyRing.RotateIfDueAsync(CancellationToken.None);
        return engine;
    }

    public async Task<SignInResult> SignInAsync(
        string subject = Ada, SessionTransport transport = SessionTransport.Cookie, bool remembered = false, SessionHandle? replaces = null) =>
        await Sessions.SignInAsync(
            new SignIn
            {
                Subject = subject,
                Transport = transport,
                Remembered = remembered,
                Claims = [new SessionClaim("name", "Ada Lovelace"), new SessionClaim("role", "admin")],
                Acr = "aal1",
                Amr = ["pwd"],
                Device = new Holdfast.Devices.Device(Browser.UserAgent, Browser.Address),
                Replaces = replaces,
            },
            Browser,
            CancellationToken.None);

    public async Task<SessionCheck> CheckAsync(Credentials credentials, bool renew = true) =>
        await Sessions.CheckCookieAsync(credentials.Cookie!.Reveal(), Tenant, renew, Browser, CancellationToken.None);

    public async Task<SessionCheck> CheckAsync(CredentialText cookie) =>
        await Sessions.CheckCookieAsync(cookie.Reveal(), Tenant, true, Browser, CancellationToken.None);

    public async Task<SessionCheck> CheckTokenAsync(Credentials credentials) =>
        await Sessions.CheckAccessTokenAsync(credentials.AccessToken!.Text.Reveal(), Terms, Browser, CancellationToken.None);

    public async Task<RefreshResult> RefreshAsync(CredentialText? token) =>
        await Sessions.RefreshAsync(token?.Reveal(), Terms, Browser, CancellationToken.None);

    /// <summary>Pulls every partition to its end. Answers whether all leases were renewed.</summary>
    public async Task<bool> CatchUpAsync()
    {
        var renewed = await Task.WhenAll(Enumerable.Range(0, Store.Partitions).Select(partition => Follower.CatchUpAsync(partition, CancellationToken.None)));
        return renewed.All(one => one);
    }

    /// <summary>The events so far, delivered.</summary>
    public async Task<IReadOnlyList<SessionEvent>> EventsAsync()
    {
        await Queue.DrainAsync(CancellationToken.None);
        return Sink.Events;
    }

    public void Dispose()
    {
        Follower.Dispose();
        Maintenance.Dispose();
    }
}
