using System.Globalization;
using Holdfast.Freshness;
using StackExchange.Redis;

namespace Holdfast.Redis;

public sealed partial class RedisSessionStore
{
    // Short enough that no script holds up the others.
    private const int RestoreBatch = 100;

    private event Action<int>? News;

    /// <inheritdoc/>
    public async ValueTask<FeedPage> PullAsync(int partition, FeedPosition? from, int count, string node, CancellationToken cancellationToken)
    {
        _redis.NoticeReplicas();
        var reply = (RedisResult[])(await RunAsync(RedisScripts.Pull, partition, [node, from is { } position ? Text(position) : "", count + 1], cancellationToken))!;
        FeedItem[] items = [.. ((RedisResult[])reply[1]!).Select(Item)];
        return new FeedPage(items.Length > count ? items[..count] : items, items.Length > count, RedisRecords.Time((long)reply[0]));
    }

    /// <inheritdoc/>
    public async ValueTask RestoreAsync(int partition, IReadOnlyCollection<FeedEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var batch in entries.Chunk(RestoreBatch))
        {
            RedisValue[] values =
            [
                .. batch.SelectMany(entry => (RedisValue[])
                [
                    (int)entry.Kind, entry.Tenant, entry.Handle?.ToString() ?? "", entry.Subject ?? "", entry.Least, (int)entry.Reason, RedisRecords.Milliseconds(entry.At),
                ]),
            ];
            await ConfirmAsync(RedisScripts.Restore, partition, values, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public IDisposable OnNews(Action<int> ring)
    {
        News += ring;
        return new NewsSubscription(() => News -= ring);
    }

    private void Rang(RedisValue message)
    {
        if (message.TryParse(out int partition) && partition is >= 0 and < PartitionCount)
        {
            News?.Invoke(partition);
        }
    }

    private static FeedItem Item(RedisResult reply)
    {
        var (id, flat) = ((string)reply[0]!, (RedisValue[])reply[1]!);
        var fields = flat.Chunk(2).ToDictionary(pair => pair[0].ToString(), pair => pair[1]);
        var dash = id.IndexOf('-', StringComparison.Ordinal);
        var position = new FeedPosition(long.Parse(id.AsSpan(0, dash), CultureInfo.InvariantCulture), long.Parse(id.AsSpan(dash + 1), CultureInfo.InvariantCulture));
        return new FeedItem(position, new FeedEntry
        {
            Kind = (FeedEntryKind)(int)fields["k"],
            Tenant = fields["n"].ToString(),
            Handle = fields["s"].IsNullOrEmpty ? null : Handle(fields["s"]),
            Subject = fields["u"].IsNullOrEmpty ? null : fields["u"].ToString(),
            Least = (long)fields["v"],
            Reason = (EndReason)(int)fields["r"],
            At = RedisRecords.Time((long)fields["t"]),
        });
    }

    private static string Text(FeedPosition position) => string.Create(CultureInfo.InvariantCulture, $"{position.Time}-{position.Step}");
}
