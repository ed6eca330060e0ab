using System.Collections.Immutable;
using System.Globalization;
using StackExchange.Redis;

namespace Holdfast.Redis;

public sealed partial class RedisSessionStore
{
    private int _nextPartition;

    /// <inheritdoc/>
    public async ValueTask<SessionPage> ListAsync(string tenant, string subject, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var (found, now) = await PageAsync(PartitionOf(tenant, subject), tenant, subject, PageCursor.Parse(cursor), pageSize + 1, cancellationToken);
        return new SessionPage(
            [.. found.Take(pageSize)], found.Length > pageSize ? PageCursor.Of(found[pageSize - 1]).ToString() : null, now);
    }

    /// <inheritdoc/>
    public async ValueTask<SessionPage> BrowseAsync(string tenant, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var (partition, after) = ParseBrowseCursor(cursor);
        var page = ImmutableArray.CreateBuilder<Session>();
        var now = default(DateTimeOffset);
        for (; partition < PartitionCount; partition++, after = null)
        {
            (var found, now) = await PageAsync(partition, tenant, "", after, pageSize - page.Count + 1, cancellationToken);
            page.AddRange(found);
            if (page.Count > pageSize)
            {
                page.Count = pageSize;
                var last = page[^1];
                return new SessionPage(page.ToImmutable(), $"{last.Handle.Partition}.{PageCursor.Of(last)}", now);
            }
        }

        return new SessionPage(page.ToImmutable(), null, now);
    }

    /// <inheritdoc/>
    public async ValueTask<PurgeResult> PurgeAsync(int batch, CancellationToken cancellationToken)
    {
        // Each call begins at another partition, so that a busy one cannot keep the others waiting.
        var first = Interlocked.Increment(ref _nextPartition);
        var expired = ImmutableArray.CreateBuilder<ExpiredSession>();
        var (deleted, more) = (0, false);
        for (var index = 0; index < PartitionCount; index++)
        {
            if (expired.Count >= batch || deleted >= batch)
            {
                return new PurgeResult(expired.ToImmutable(), deleted, true);
            }

            var partition = (int)((uint)(first + index) % PartitionCount);
            var reply = await RunAsync(
                RedisScripts.Purge, partition, [batch - expired.Count, (long)SessionPolicy.EndingMemory.TotalMilliseconds], cancellationToken);
            deleted += (int)reply[0];
            more |= (int)reply[1] == 1;
            expired.AddRange(((RedisResult[])reply[2]!).Select(one => new ExpiredSession(
                Handle((RedisValue)one[0]), one[1].ToString(), one[2].ToString() is { Length: > 0 } subject ? subject : null, (EndReason)(int)one[3])));
        }

        return new PurgeResult(expired.ToImmutable(), deleted, more);
    }

    private async Task<(ImmutableArray<Session> Found, DateTimeOffset Now)> PageAsync(
        int partition, string tenant, string subject, PageCursor? after, int count, CancellationToken cancellationToken)
    {
        RedisValue from = after is { } position ? position.CreatedAt : "+inf";
        var reply = (RedisResult[])(await RunAsync(
            RedisScripts.List, partition, [tenant, subject, from, after?.Handle ?? "", count], cancellationToken))!;
        return ([.. reply.Skip(1).Select(RedisRecords.Read)], RedisRecords.Time((long)reply[0]));
    }

    private static (int Partition, PageCursor? After) ParseBrowseCursor(string? cursor)
    {
        if (cursor is null)
        {
            return (0, null);
        }

        return cursor.Split('.', 2) is [var first, var rest]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var partition) && partition < PartitionCount
            ? (partition, PageCursor.Parse(rest))
            : throw new ArgumentException("The cursor is not one that a page of sessions gave.", nameof(cursor));
    }
}
