using System.Threading.Channels;
using Holdfast.Freshness;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast;

/// <summary>
/// Follows the feed of every partition and so keeps the leases that memory answers under. Each partition by itself: one that is silent holds
/// up no other. Nothing has to be done after an outage; the first pull that is answered renews the lease.
/// </summary>
public sealed partial class FeedFollower(
    ISessionStore store, SessionMemory memory, HoldfastOptions options, TimeProvider clock, ILogger<FeedFollower> logger) : BackgroundService
{
    private const int PageSize = 1000;

    private readonly string _node = SessionHandle.New(0).ToString();
    private readonly Channel<bool>[] _bells =
    [
        .. memory.Partitions.Select(_ => Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite })),
    ];

    private bool _isLapsed = true;

    /// <summary>Pulls until everything is known, or the store is silent. Answers whether the lease was renewed.</summary>
    public async Task<bool> CatchUpAsync(int partition, CancellationToken cancellationToken)
    {
        memory.IsFollowed = true;
        var hasRestored = false;
        while (true)
        {
            var pull = memory.Partitions[partition].Begin();
            FeedPage page;
            try
            {
                page = await store.PullAsync(partition, pull.After?.Position, PageSize, _node, cancellationToken);
                switch (memory.Answer(partition, pull, page))
                {
                    case FollowStep.Rest:
                        return true;
                    case FollowStep.StartOver:
                        LogStartedOver(partition);
                        break;
                    case FollowStep.WriteAgain when hasRestored:
                        // What was written is not there: another server answers than the one that took it. The next turn may find them agreed.
                        return false;
                    case FollowStep.WriteAgain:
                        hasRestored = true;
                        var missing = memory.Partitions[partition].Missing();
                        await store.RestoreAsync(partition, missing, cancellationToken);
                        LogWroteAgain(partition, missing.Count);
                        break;
                }
            }
            catch (StoreUnavailableException)
            {
                // Until the next turn, which is soon. The lease runs out by itself.
                return false;
            }
        }
    }

    /// <summary>Says so once when memory may no longer answer, and once when it may again.</summary>
    public void Watch()
    {
        var lapsed = memory.Lapsed;
        if (lapsed > 0 != _isLapsed)
        {
            _isLapsed = lapsed > 0;
            if (_isLapsed)
            {
                LogLapsed(lapsed, memory.Partitions.Count, options.MaxStaleness);
            }
            else
            {
                LogRenewed();
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var news = store.OnNews(partition => _bells[partition].Writer.TryWrite(true));
        await Task.WhenAll([WatchAsync(stoppingToken), .. Enumerable.Range(0, _bells.Length).Select(partition => FollowAsync(partition, stoppingToken))]);
    }

    private async Task FollowAsync(int partition, CancellationToken stoppingToken)
    {
        var (bell, interval) = (_bells[partition], options.MaxStaleness / 4);
        await using var timer = clock.CreateTimer(_ => bell.Writer.TryWrite(true), null, interval * (partition + 1) / _bells.Length, interval);
        do
        {
            bell.Reader.TryRead(out _);
            try
            {
                await CatchUpAsync(partition, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception, partition);
            }
        }
        while (await bell.Reader.WaitToReadAsync(stoppingToken));
    }

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.MaxStaleness / 2, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Watch();
        }
    }

    [LoggerMessage(1030, LogLevel.Warning, "The freshness lease has lapsed for {Lapsed} of {Partitions} partitions: the feed was not read for {Bound}. Checks ask the store, and are 503 while it is silent.")]
    private partial void LogLapsed(int lapsed, int partitions, TimeSpan bound);

    [LoggerMessage(1031, LogLevel.Information, "The freshness lease is good for all partitions: checks are answered from memory.")]
    private partial void LogRenewed();

    [LoggerMessage(1032, LogLevel.Warning, "The feed of partition {Partition} does not go on where it was left: it is read again from its beginning, and nothing from before is trusted.")]
    private partial void LogStartedOver(int partition);

    [LoggerMessage(1033, LogLevel.Critical, "The store had lost {Count} endings of partition {Partition}, in a failover or a restore: they were written again.")]
    private partial void LogWroteAgain(int partition, int count);

    [LoggerMessage(1034, LogLevel.Error, "Following the feed of partition {Partition} failed; it is tried again at its next turn.")]
    private partial void LogFailed(Exception exception, int partition);
}
