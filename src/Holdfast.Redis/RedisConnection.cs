using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace Holdfast.Redis;

/// <summary>The connection: runs scripts, and turns every way in which Redis can be away into one answer.</summary>
internal sealed class RedisConnection(IConnectionMultiplexer multiplexer, TimeProvider? clock) : IAsyncDisposable
{
    private static readonly Version Oldest = new(6, 2);

    private readonly IDatabase _database = multiplexer.GetDatabase();

    public static async Task<IConnectionMultiplexer> ConnectAsync(string connectionString, CancellationToken cancellationToken)
    {
        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(connectionString);

            // The client library counts INFO, which only reads, among the commands of administrators.
            configuration.AllowAdmin = true;
        }
        catch (ArgumentException)
        {
            throw new HoldfastConfigurationException("The Redis connection string is malformed: host:port,password=...,ssl=true (its text is not repeated here, since it may hold a password).");
        }

        try
        {
            return await ConnectionMultiplexer.ConnectAsync(configuration).WaitAsync(cancellationToken);
        }
        catch (RedisException exception)
        {
            var endpoints = string.Join(", ", configuration.EndPoints.Select(Name));
            throw new StoreUnavailableException($"Redis at {endpoints} cannot be reached: {exception.Message}", exception);
        }
    }

    /// <summary>Runs a verb on the slot of <paramref name="key"/>; the store's clock moves by the tests' offset.</summary>
    public Task<RedisResult> RunAsync(string script, RedisKey key, ReadOnlySpan<RedisValue> values, CancellationToken cancellationToken)
    {
        RedisValue[] arguments = [Offset(), .. values];
        return AskAsync(database => database.ScriptEvaluateAsync(script, [key], arguments), cancellationToken);
    }

    /// <summary>Asks Redis for anything.</summary>
    public async Task<T> AskAsync<T>(Func<IDatabase, Task<T>> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await ask(_database).WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
        {
            throw new StoreUnavailableException($"Redis did not answer: {exception.Message}", exception);
        }
    }

    /// <summary>Refuses servers that would lose sessions silently.</summary>
    /// <exception cref="HoldfastConfigurationException">A setting of the server; the message names it and the remedy.</exception>
    public async Task CheckServersAsync(CancellationToken cancellationToken)
    {
        foreach (var server in multiplexer.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
        {
            var info = (await AskAsync(_ => server.InfoAsync(), cancellationToken)).SelectMany(section => section)
                .GroupBy(entry => entry.Key).ToDictionary(group => group.Key, group => group.First().Value);
            Check(Name(server.EndPoint), info);
        }
    }

    public ValueTask DisposeAsync() => multiplexer.DisposeAsync();

    private static void Check(string name, Dictionary<string, string> info)
    {
        if (Version.TryParse(info.GetValueOrDefault("redis_version"), out var version) && version < Oldest)
        {
            throw new HoldfastConfigurationException($"Redis at {name} is {version}: {Oldest} is the oldest that Holdfast knows.");
        }

        if (info.GetValueOrDefault("maxmemory_policy") is { } policy && policy != "noeviction")
        {
            throw new HoldfastConfigurationException(
                $"Redis at {name} has maxmemory-policy {policy}: it would drop sessions, and endings, to make room. Set maxmemory-policy noeviction.");
        }

        var replicas = int.Parse(info.GetValueOrDefault("connected_slaves") ?? "0", CultureInfo.InvariantCulture);
        if (replicas > 0 && !info.ContainsKey("min_slaves_good_slaves"))
        {
            throw new HoldfastConfigurationException(
                $"Redis at {name} has replicas and min-replicas-to-write 0: cut off from them, it would acknowledge what a failover loses. Set min-replicas-to-write 1.");
        }

        if (replicas > 0 && info.GetValueOrDefault("aof_enabled") == "0")
        {
            throw new HoldfastConfigurationException(
                $"Redis at {name} has replicas and no append-only file: restarted empty, it would empty them. Set appendonly yes.");
        }
    }

    private long Offset() => clock is null ? 0 : RedisRecords.Milliseconds(clock.GetUtcNow()) - RedisRecords.Milliseconds(TimeProvider.System.GetUtcNow());

    private static string Name(EndPoint endpoint) => endpoint switch
    {
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endpoint.ToString() ?? "?",
    };
}
