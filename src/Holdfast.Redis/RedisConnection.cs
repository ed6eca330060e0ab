using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace Holdfast.Redis;

/// <summary>
/// The connections: run scripts, and turn every way in which Redis can be away into one answer. Endings have a connection of their own,
/// since waiting for a replica holds up whatever comes behind on the same one.
/// </summary>
internal sealed class RedisConnection(IConnectionMultiplexer multiplexer, IConnectionMultiplexer endings, TimeSpan patience, TimeProvider? clock) : IAsyncDisposable
{
    private static readonly Version Oldest = new(6, 2);

    // How long a replica may take to confirm an ending, in milliseconds.
    private const int ReplicaPatience = 1000;

    // How long Redis may take to answer before it counts as unavailable, unless the connection string says otherwise, in milliseconds.
    private const int Patience = 2000;

    // What the client library adds to that before it gives up; a reply that got lost while a failover changed its connections, it awaits for longer.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly IDatabase _database = multiplexer.GetDatabase();
    private readonly TimeSpan _deadline = patience + Grace;

    private volatile bool _isReplicated;

    /// <summary>Whether there are replicas, or were at any time: the client does not see those behind a master that it was given by name.</summary>
    public bool IsReplicated => _isReplicated;

    /// <summary>Looks at the servers that the client has found meanwhile.</summary>
    public void NoticeReplicas() => _isReplicated = _isReplicated || endings.GetServers().Any(server => server.IsReplica);

    public static async Task<RedisConnection> ConnectAsync(string connectionString, TimeProvider? clock, CancellationToken cancellationToken)
    {
        var configuration = Parse(connectionString);
        var multiplexer = await ConnectAsync(configuration, cancellationToken);
        try
        {
            return new RedisConnection(
                multiplexer, await ConnectAsync(configuration, cancellationToken), TimeSpan.FromMilliseconds(configuration.AsyncTimeout), clock);
        }
        catch
        {
            await multiplexer.DisposeAsync();
            throw;
        }
    }

    private static ConfigurationOptions Parse(string connectionString)
    {
        try
        {
            var configuration = ConfigurationOptions.Parse(connectionString);
            if (!connectionString.Contains("asyncTimeout", StringComparison.OrdinalIgnoreCase) && !connectionString.Contains("syncTimeout", StringComparison.OrdinalIgnoreCase))
            {
                configuration.AsyncTimeout = Patience;
            }

            // The client library counts INFO and CLIENT ID, which only read, among the commands of administrators.
            configuration.AllowAdmin = true;
            return configuration;
        }
        catch (ArgumentException)
        {
            throw new HoldfastConfigurationException("The Redis connection string is malformed: host:port,password=...,ssl=true (its text is not repeated here, since it may hold a password).");
        }
    }

    private static async Task<IConnectionMultiplexer> ConnectAsync(ConfigurationOptions configuration, CancellationToken cancellationToken)
    {
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

    /// <summary>
    /// Runs a verb whose effect a failover must not lose: where there are replicas, one of them has confirmed it when this returns.
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// Redis did not answer, or no replica confirmed in time: the verb may have been applied, and repeating it is harmless.
    /// </exception>
    public async Task<RedisResult> ConfirmAsync(string script, RedisKey key, ReadOnlyMemory<RedisValue> values, CancellationToken cancellationToken)
    {
        RedisValue[] arguments = [Offset(), .. values.Span];
        var database = endings.GetDatabase();
        if (!IsReplicated)
        {
            return await AskAsync(_ => database.ScriptEvaluateAsync(script, [key], arguments), cancellationToken);
        }

        var endpoint = await AskAsync(_ => database.IdentifyEndpointAsync(key, CommandFlags.DemandMaster), cancellationToken)
            ?? throw new StoreUnavailableException("No Redis master serves this partition now.");
        var server = endings.GetServer(endpoint);

        // In one go and in this order, on one connection: the same id before and behind proves that it was not another one that WAIT asked about.
        // The script goes as text: a client that has to send it again would do so behind the WAIT.
        var replies = await AskAsync(
            _ => Task.WhenAll(
                server.ExecuteAsync("CLIENT", "ID"),
                database.ScriptEvaluateAsync(script, [key], arguments, CommandFlags.DemandMaster | CommandFlags.NoRedirect | CommandFlags.NoScriptCache),
                server.ExecuteAsync("WAIT", 1, ReplicaPatience),
                server.ExecuteAsync("CLIENT", "ID")),
            cancellationToken);
        return (long)replies[0] == (long)replies[3] && (long)replies[2] >= 1
            ? replies[1]
            : throw new StoreUnavailableException("Redis wrote an ending, and no replica confirmed it in time.");
    }

    /// <summary>Listens to a channel. What is lost on it, or never sent, must not matter.</summary>
    public async Task SubscribeAsync(string channel, Action<RedisValue> received, CancellationToken cancellationToken) => await AskAsync(
        async _ =>
        {
            await multiplexer.GetSubscriber().SubscribeAsync(RedisChannel.Literal(channel), (_, message) => received(message));
            return true;
        },
        cancellationToken);

    /// <summary>Asks Redis for anything.</summary>
    public async Task<T> AskAsync<T>(Func<IDatabase, Task<T>> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await ask(_database).WaitAsync(_deadline, TimeProvider.System, cancellationToken);
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
            _isReplicated = _isReplicated || info.ContainsKey("min_slaves_good_slaves") || info.GetValueOrDefault("connected_slaves") is not (null or "0");
        }

        NoticeReplicas();
    }

    public async ValueTask DisposeAsync()
    {
        await multiplexer.DisposeAsync();
        await endings.DisposeAsync();
    }

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
