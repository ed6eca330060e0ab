using StackExchange.Redis;

namespace Holdfast.Redis;

public sealed partial class RedisSessionStore
{
    private const int SweepBatch = 100;

    /// <inheritdoc/>
    public async ValueTask<EpochReading> EndAllAsync(string tenant, string subject, SessionHandle? except, EndReason reason, CancellationToken cancellationToken)
    {
        var partition = PartitionOf(tenant, subject);
        var kept = except is { } handle && handle.Partition == partition ? handle.ToString() : "";
        return await RaiseAsync(partition, tenant, subject, kept, reason, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EpochReading>> EndEveryoneAsync(string tenant, EndReason reason, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await Task.WhenAll(Enumerable.Range(0, PartitionCount).Select(
            partition => RaiseAsync((byte)partition, tenant, "", "", reason, cancellationToken)));
    }

    private async Task<EpochReading> RaiseAsync(
        byte partition, string tenant, string subject, string kept, EndReason reason, CancellationToken cancellationToken)
    {
        var reply = (RedisValue[])(await ConfirmAsync(RedisScripts.EndAll, partition, [tenant, subject, kept, (int)reason, SweepBatch], cancellationToken))!;
        return new EpochReading(partition, (long)reply[0], RedisRecords.Time((long)reply[1]));
    }
}
