using System.Net;
using System.Net.Sockets;
using Holdfast.Auditing;
using Holdfast.Server.Applications;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Server.Tests;

/// <summary>The server in this process, on a real port of loopback, with a store in memory and a clock that tests move.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningServer(WebApplication app, Uri address, FakeTimeProvider clock, RecordingLog log, ObservedStore store)
    {
        (_app, Address, Clock, Log, Store) = (app, address, clock, log, store);
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = address };
    }

    public Uri Address { get; }

    /// <summary>The issuer, as it is configured.</summary>
    public string Issuer => Address.GetLeftPart(UriPartial.Authority);

    public FakeTimeProvider Clock { get; }

    public RecordingLog Log { get; }

    public ObservedStore Store { get; }

    public HttpClient Http { get; }

    /// <summary>The key of the first application, which may do everything in the tenant <c>default</c>.</summary>
    public static ApiKey FirstKey { get; } = ApiKey.New();

    /// <summary>A caller with that key.</summary>
    public ApiCaller First => new(Http, FirstKey.Reveal());

    public SessionManager Sessions => Service<SessionManager>();

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<RunningServer> StartAsync(params (string Name, string Value)[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        var log = new RecordingLog();
        var store = new ObservedStore(new MemorySessionStore(clock));
        var secret = Convert.ToBase64String(Holdfast.Tokens.Secret.New().Reveal());
        (string Name, string Value)[] all =
        [
            ("urls", address.ToString()), ("Holdfast:Store", "memory"), ("Holdfast:Issuer", address.GetLeftPart(UriPartial.Authority)),
            ("Holdfast:Environment", "test"), ("Holdfast:DrainTime", "00:00:00"), (FirstApplication.Variable, FirstKey.Reveal()), .. settings,
        ];
        var app = HoldfastServer.Build(all.GroupBy(setting => setting.Name).Select(last => KeyValuePair.Create(last.Key, (string?)last.Last().Value)), builder =>
        {
            builder.Logging.ClearProviders().AddProvider(log);
            builder.Services.AddSingleton<TimeProvider>(clock);
            HoldfastBuilder.Create(builder.Services).UseStore(_ => store, () => secret).AddEventSink<RecordingSink>();
        });
        await app.StartAsync();
        return new RunningServer(app, address, clock, log, store);
    }

    /// <summary>Adds an application and answers a caller with its key.</summary>
    public async Task<ApiCaller> AddAsync(string id, Func<Application, Application>? with = null)
    {
        var key = ApiKey.New();
        var application = new Application
        {
            Id = id,
            Tenant = SessionPolicy.DefaultTenant,
            Audience = Issuer,
            Scopes = ApplicationScopes.Default,
            Keys = [new ApplicationKey(key.Digest, Clock.GetUtcNow())],
            CreatedAt = Clock.GetUtcNow(),
        };
        await Service<ApplicationDirectory>().UpdateAsync(applications => applications.Add(with?.Invoke(application) ?? application), CancellationToken.None);
        return new ApiCaller(Http, key.Reveal());
    }

    public async Task<IReadOnlyList<SessionEvent>> EventsAsync()
    {
        await Service<SessionEventQueue>().FlushAsync(CancellationToken.None);
        return Service<RecordingSink>().Events;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
