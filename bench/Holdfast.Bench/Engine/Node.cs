using Holdfast.Bench.InProcess;
using Holdfast.Bench.Variants;
using Microsoft.AspNetCore.Hosting.Server;

namespace Holdfast.Bench.Engine;

/// <summary>A whole host with Holdfast in it and no socket: one of the nodes of an installation.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Node(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    public SessionManager Sessions => _app.Services.GetRequiredService<SessionManager>();

    public SessionTerms Terms => _app.Services.GetRequiredService<SessionTerms>();

    public ISessionStore Store => _app.Services.GetRequiredService<ISessionStore>();

    /// <summary>Starts one on a store.</summary>
    /// <param name="store">Opens the store.</param>
    /// <param name="clock">Its clock; null: the machine's.</param>
    public static async Task<Node> StartAsync(Func<TimeProvider, ISessionStore> store, TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IServer>(new InProcessServer());
        builder.Services.AddSingleton(clock ?? TimeProvider.System);
        Holdfasts.AddHoldfast(builder.Services, Backing.Memory, 0).UseStore(services => store(services.GetRequiredService<TimeProvider>()));
        var app = builder.Build();
        app.UseHoldfast();
        await app.StartAsync();
        return new Node(app);
    }

    /// <summary>The judgement of a cookie, as the middleware asks for it.</summary>
    public async ValueTask<bool> AcceptsAsync(string cookie) => (await CheckAsync(cookie)).Refusal == Refusal.None;

    public ValueTask<SessionCheck> CheckAsync(string cookie) =>
        Sessions.CheckCookieAsync(cookie, SessionPolicy.DefaultTenant, renew: false, Caller.Application, CancellationToken.None);

    public ValueTask<SignInResult> SignInAsync(int number, SessionTransport transport = SessionTransport.Cookie) => Sessions.SignInAsync(
        new SignIn { Subject = Endpoints.SubjectOf(number), Transport = transport, Claims = [new SessionClaim("name", "Ada Lovelace")] }, Caller.Application, CancellationToken.None);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
