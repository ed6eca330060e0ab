using Holdfast.Auditing;
using Holdfast.Tokens;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast;

/// <summary>
/// What must hold before the first request: the store answers, it belongs to this environment, and a signing key exists. Anything
/// else stops the start and names what is wrong.
/// </summary>
internal sealed partial class Startup(
    ISessionStore store, MasterKeys keys, KeyRing keyRing, HoldfastOptions options, SessionEvents events, ILogger<Startup> logger)
    : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (await StoreIdentity.EnsureAsync(store, keys, options, cancellationToken))
        {
            await events.RecordAsync(new SessionEvent
            {
                At = default,
                Type = SessionEventType.ConfigurationChanged,
                Tenant = SessionPolicy.DefaultTenant,
                Actor = "application",
            });
        }

        await keyRing.RotateIfDueAsync(cancellationToken);
        LogStarted(store.GetType().Name, options.Environment, options.Issuer, options.IdleTimeout, options.AbsoluteTimeout);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1020, LogLevel.Information, "Holdfast is ready: {Store}, environment {Environment}, issuer {Issuer}, idle {Idle}, absolute {Absolute}.")]
    private partial void LogStarted(string store, string environment, string issuer, TimeSpan idle, TimeSpan absolute);
}
