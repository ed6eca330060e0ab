using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Data;
using StackExchange.Redis;

namespace Holdfast.Redis;

/// <summary>
/// Sessions in Redis 6.2 or newer, Valkey, Sentinel or Cluster. Each verb is one script on one slot; Redis' clock decides; reads go to
/// the master only.
/// </summary>
public sealed partial class RedisSessionStore : ISessionStore, IAsyncDisposable, IDisposable
{
    /// <summary>Into how many partitions sessions are spread: fixed when the store is made.</summary>
    public const int PartitionCount = 16;

    private readonly RedisConnection _redis;
    private readonly string _prefix;
    private readonly byte[] _partitionKey;

    private RedisSessionStore(RedisConnection redis, string prefix, byte[] partitionKey) => (_redis, _prefix, _partitionKey) = (redis, prefix, partitionKey);

    /// <summary>Connects, checks the server's settings, and makes the store if there is none.</summary>
    /// <param name="connectionString">As StackExchange.Redis reads it: <c>host:port,password=...,ssl=true</c>.</param>
    /// <param name="clock">Moves the store's time, for tests. Null: Redis' own clock.</param>
    /// <param name="prefix">What every key begins with; default <c>hf</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">Redis cannot be reached.</exception>
    /// <exception cref="HoldfastConfigurationException">Its settings would lose sessions.</exception>
    public static async Task<RedisSessionStore> ConnectAsync(
        string connectionString, TimeProvider? clock = null, string prefix = "hf", CancellationToken cancellationToken = default)
    {
        var redis = await RedisConnection.ConnectAsync(connectionString, clock, cancellationToken);
        try
        {
            await redis.CheckServersAsync(cancellationToken);

            // Random, so that nobody can aim subjects at one partition; written once, so that every node computes the same.
            RedisKey key = $"{prefix}:{{store}}:partition-key";
            await redis.AskAsync(database => database.StringSetAsync(key, RandomNumberGenerator.GetBytes(32), when: When.NotExists), cancellationToken);
            var stored = await redis.AskAsync(database => database.StringGetAsync(key), cancellationToken);
            var store = new RedisSessionStore(redis, prefix, (byte[])stored!);
            await redis.SubscribeAsync($"{prefix}:news", store.Rang, cancellationToken);
            return store;
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Partitions => PartitionCount;

    /// <inheritdoc/>
    public async ValueTask<SubjectReading> ReadSubjectAsync(string tenant, string? subject, CancellationToken cancellationToken)
    {
        var partition = PartitionOf(tenant, subject);
        var reply = (RedisValue[])(await RunAsync(RedisScripts.ReadSubject, partition, [tenant, subject ?? ""], cancellationToken))!;
        return new SubjectReading(partition, (long)reply[1], RedisRecords.Time((long)reply[0]));
    }

    /// <inheritdoc/>
    public async ValueTask<CreateResult> CreateAsync(NewSession session, CancellationToken cancellationToken)
    {
        var reply = (RedisValue[])(await RunAsync(
            RedisScripts.Create, session.Session.Handle.Partition, RedisRecords.ToCreate(session, session.Limit), cancellationToken))!;
        return new CreateResult((CreateStatus)(int)reply[0], [.. reply.Skip(1).Select(evicted => Handle(evicted))]);
    }

    /// <inheritdoc/>
    public async ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken)
    {
        if (handle.Partition >= PartitionCount)
        {
            // No handle of ours: the time is asked for all the same, so that this answer is like any other.
            return new SessionReading(null, (await ReadSubjectAsync(SessionPolicy.DefaultTenant, null, cancellationToken)).Now);
        }

        var reply = await RunAsync(RedisScripts.Find, handle.Partition, [handle.ToString(), _redis.IsReplicated], cancellationToken);
        return new SessionReading(reply[1].Length > 0 ? RedisRecords.Read(reply[1]) : null, RedisRecords.Time((long)reply[0]));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ReplaceAsync(Session next, long expectedVersion, CancellationToken cancellationToken)
    {
        var values = RedisRecords.ToReplace(next, expectedVersion);
        return (int)await (next.Ending is null
            ? RunAsync(RedisScripts.Replace, next.Handle.Partition, values, cancellationToken)
            : ConfirmAsync(RedisScripts.Replace, next.Handle.Partition, values, cancellationToken)) == 1;
    }

    /// <inheritdoc/>
    public async ValueTask TouchAsync(IReadOnlyCollection<SessionTouch> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Task.WhenAll(batch.Where(touch => touch.Handle.Partition < PartitionCount).GroupBy(touch => touch.Handle.Partition).Select(group =>
        {
            RedisValue[] values =
            [
                .. group.SelectMany(touch => (RedisValue[])
                    [touch.Handle.ToString(), touch.SeenAt is { } at ? RedisRecords.Milliseconds(at) : "", touch.ConfirmedGeneration]),
            ];
            return RunAsync(RedisScripts.Touch, group.Key, values, cancellationToken);
        }));
    }

    /// <inheritdoc/>
    public async ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken)
    {
        if (handle.Partition >= PartitionCount)
        {
            return null;
        }

        var reply = await RunAsync(RedisScripts.ReadData, handle.Partition, [handle.ToString()], cancellationToken);
        if (reply.Length < 0)
        {
            return null;
        }

        var flat = (RedisValue[])reply!;
        var entries = flat.Chunk(2).ToDictionary(pair => pair[0].ToString(), pair => pair[1]);
        return new SessionData(entries.Where(entry => entry.Key[0] == 'f').ToImmutableDictionary(
            entry => entry.Key[1..], entry => new DataField((byte[])entry.Value!, (long)entries["v" + entry.Key[1..]])));
    }

    /// <inheritdoc/>
    public async ValueTask<DataWriteStatus> WriteDataAsync(
        SessionHandle handle, IReadOnlyCollection<DataChange> changes, int maxBytes, CancellationToken cancellationToken)
    {
        if (handle.Partition >= PartitionCount)
        {
            return DataWriteStatus.NotLive;
        }

        RedisValue[] values =
        [
            handle.ToString(),
            maxBytes,
            .. changes.SelectMany(change => (RedisValue[])
                [change.Field, change.Value is null ? "0" : "1", change.Value ?? ReadOnlyMemory<byte>.Empty, change.ExpectedVersion?.ToString(CultureInfo.InvariantCulture) ?? ""]),
        ];
        return (DataWriteStatus)(int)await RunAsync(RedisScripts.WriteData, handle.Partition, values, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<StoreDocument?> ReadDocumentAsync(string name, CancellationToken cancellationToken)
    {
        var fields = await _redis.AskAsync(database => database.HashGetAsync(Document(name), ["c", "v"]), cancellationToken);
        return fields[1].IsNull ? null : new StoreDocument((byte[])fields[0]!, (long)fields[1]);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> WriteDocumentAsync(string name, ReadOnlyMemory<byte> content, long expectedVersion, CancellationToken cancellationToken) =>
        (int)await _redis.AskAsync(
            database => database.ScriptEvaluateAsync(RedisScripts.WriteDocument, [Document(name)], [content, expectedVersion]), cancellationToken) == 1;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static SessionHandle Handle(RedisValue text) => SessionHandle.TryParse(text.ToString(), out var handle)
        ? handle : throw new InvalidDataException("Redis answered with a handle that is none.");

    private RedisKey Document(string name) => $"{_prefix}:{{store}}:document:{name}";

    private byte PartitionOf(string tenant, string? subject) => subject is null
        ? (byte)RandomNumberGenerator.GetInt32(PartitionCount)
        : (byte)(HMACSHA256.HashData(_partitionKey, Encoding.UTF8.GetBytes($"{tenant.Length}:{tenant}{subject}"))[0] % PartitionCount);

    private Task<RedisResult> RunAsync(string script, int partition, ReadOnlySpan<RedisValue> values, CancellationToken cancellationToken) =>
        _redis.RunAsync(script, $"{_prefix}:{{{partition}}}:", values, cancellationToken);

    // For endings: what was acknowledged must survive the loss of this master.
    private Task<RedisResult> ConfirmAsync(string script, int partition, RedisValue[] values, CancellationToken cancellationToken) =>
        _redis.ConfirmAsync(script, $"{_prefix}:{{{partition}}}:", values, cancellationToken);
}
