using System.Threading.RateLimiting;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Chain;

/// <summary>Token buckets in this process: one for each address, or one for each session.</summary>
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

    /// <summary>Limits by session.</summary>
    internal sealed class BySession(RequestDelegate next, HoldfastWebOptions options) : IDisposable
    {
        private readonly RateLimits _limits = new(options.RequestsPerMinutePerSession);

        public Task InvokeAsync(HttpContext context) => _limits.Admits(context.Features.Get<HoldfastFeature>()?.Handle?.ToString())
            ? next(context)
            : Problems.WriteAsync(context, Reasons.RateLimited, "Too many requests with this session.", nameof(options.RequestsPerMinutePerSession));

        public void Dispose() => _limits.Dispose();
    }
}
