using System.Security.Cryptography;
using Holdfast.Auditing;
using Holdfast.Tokens;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast;

/// <summary>
/// The work that no request waits for: touches, clean-up, key rotation, delivery of events. Every node runs it; none needs to be the
/// chosen one.
/// </summary>
public sealed partial class Maintenance(
    ISessionStore store,
    TouchBuffer touches,
    KeyRing keyRing,
    SessionEvents events,
    SessionEventQueue queue,
    HoldfastOptions options,
    TimeProvider clock,
    ILogger<Maintenance> logger) : BackgroundService
{
    /// <summary>How often clean-up begins on each node, with up to a fifth more, so that nodes do not march in step.</summary>
    public static readonly TimeSpan CleanUpInterval = TimeSpan.FromMinutes(1);

    private const int PurgeBatch = 500;

    /// <summary>
    /// Cleans up in bounded steps until nothing is left to do now. Answers how many sessions it found expired.
    /// </summary>
    public async Task<int> CleanUpAsync(CancellationToken cancellationToken)
    {
        var expired = 0;
        PurgeResult step;
        do
        {
            step = await store.PurgeAsync(PurgeBatch, cancellationToken);
            expired += step.Expired.Length;
            foreach (var session in step.Expired)
            {
                await events.RecordAsync(new SessionEvent
                {
                    At = default,
                    Type = SessionEventType.SessionExpired,
                    Tenant = session.Tenant,
                    Subject = session.Subject,
                    Handle = session.Handle,
                    Actor = "policy",
                    Reason = EndReasons.Name(session.Reason),
                });
            }
        }
        while (step.More);
        return expired;
    }

    /// <summary>Adds a signing key if it is time.</summary>
    public async Task RotateKeysAsync(CancellationToken cancellationToken)
    {
        if (await keyRing.RotateIfDueAsync(cancellationToken))
        {
            await events.RecordAsync(new SessionEvent
            {
                At = default,
                Type = SessionEventType.KeyRotated,
                Tenant = SessionPolicy.DefaultTenant,
                Actor = "policy",
                Reason = options.SigningAlgorithm,
            });
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await AttemptAsync("touches", touches.FlushAsync, cancellationToken);
        await queue.DrainAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        queue.RunAsync(stoppingToken),
        EveryAsync(TouchBuffer.FlushInterval, "touches", touches.FlushAsync, stoppingToken),
        EveryAsync(Jittered(CleanUpInterval), "clean-up", CleanUpAsync, stoppingToken),
        EveryAsync(Jittered(CleanUpInterval), "key rotation", RotateKeysAsync, stoppingToken));

    private static TimeSpan Jittered(TimeSpan interval) => interval * (1 + (RandomNumberGenerator.GetInt32(200) / 1000.0));

    private async Task EveryAsync(TimeSpan interval, string work, Func<CancellationToken, Task> run, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await AttemptAsync(work, run, stoppingToken);
        }
    }

    // An outage costs one round of this work, never the loop.
    private async Task AttemptAsync(string work, Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        try
        {
            await run(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogFailed(exception, work);
        }
    }

    [LoggerMessage(1021, LogLevel.Error, "Maintenance failed at {Work}; it is tried again at its next turn.")]
    private partial void LogFailed(Exception exception, string work);
}
