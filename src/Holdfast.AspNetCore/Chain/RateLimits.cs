using System.Threading.RateLimiting;
using Holdfast.Limits;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore.Chain;

/// <summary>Token buckets: one for each address, in this process, and one for each session.</summary>
internal sealed class RateLimits : IDisposable
{
    private readonly PartitionedRateLimiter<string>? _limiter;

    private RateLimits(int perMinute) => _limiter = perMinute == 0 ? null : PartitionedRateLimiter.Create<string, string>(key =>
        RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            // A tenth of a minute's requests at once, and the rest evenly.
            TokenLimit = Math.Max(1, perMinute / 10),
            TokensPerPeriod = Math.Max(1, perMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60.0 / perMinute)),
            QueueLimit = 0,
        }));

    public void Dispose() => _limiter?.Dispose();

    private bool Admits(string? key) => key is null || _limiter is null || _limiter.AttemptAcquire(key).IsAcquired;

    /// <summary>Limits by network address, before any credential is looked at.</summary>
    internal sealed class ByAddress(RequestDelegate next, HoldfastWebOptions options) : IDisposable
    {
        private readonly RateLimits _limits = new(options.RequestsPerMinutePerAddress);

        public Task InvokeAsync(HttpContext context) => _limits.Admits(context.Connection.RemoteIpAddress?.ToString())
            ? next(context)
            : Problems.WriteAsync(context, Reasons.RateLimited, "Too many requests from this address.", nameof(options.RequestsPerMinutePerAddress));

        public void Dispose() => _limits.Dispose();
    }

    /// <summary>Limits by session, on all nodes together where the store adds up for them.</summary>
    internal sealed class BySession(RequestDelegate next, HoldfastWebOptions options, SessionBudgets budgets)
    {
        public Task InvokeAsync(HttpContext context) =>
            options.RequestsPerMinutePerSession == 0 || context.Features.Get<RequestSession>()?.Concerned is not { } handle || budgets.TryTake(handle)
                ? next(context)
                : Problems.WriteAsync(context, Reasons.RateLimited, "Too many requests with this session.", nameof(options.RequestsPerMinutePerSession));
    }
}

/// <summary>Adds up, once a second, what this node let pass. A store that is away costs a round, and no request.</summary>
internal sealed partial class BudgetReconciliation(SessionBudgets budgets, TimeProvider clock, ILogger<BudgetReconciliation> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SessionBudgets.ReconcileInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await budgets.ReconcileAsync(stoppingToken);
            }
            catch (StoreUnavailableException)
            {
                LogAlone();
            }
        }
    }

    [LoggerMessage(1060, LogLevel.Warning, "The store is away: this node limits sessions by what it alone lets pass.")]
    private partial void LogAlone();
}
