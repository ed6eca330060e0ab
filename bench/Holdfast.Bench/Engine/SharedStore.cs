using Holdfast.Redis;
using Holdfast.Sqlite;

namespace Holdfast.Bench.Engine;

/// <summary>A durable store of our own, made for one measurement, that several nodes can open.</summary>
internal sealed class SharedStore : IAsyncDisposable
{
    private readonly RedisProcess? _redis;
    private readonly DirectoryInfo? _directory;

    private SharedStore(RedisProcess? redis, DirectoryInfo? directory) => (_redis, _directory) = (redis, directory);

    public RedisProcess Redis => _redis ?? throw new InvalidOperationException("The store is not Redis.");

    private string File => Path.Combine(_directory!.FullName, "bench.db");

    public static async Task<SharedStore> CreateAsync(string store) => store switch
    {
        "redis" => new SharedStore(await RedisProcess.StartAsync(), null),
        "sqlite" => new SharedStore(null, Directory.CreateTempSubdirectory("holdfast-bench-")),
        _ => throw new ArgumentException($"The store is '{store}': redis or sqlite.", nameof(store)),
    };

    public ISessionStore Open(TimeProvider clock) => _redis is not null
        ? RedisSessionStore.ConnectAsync(_redis.Address).GetAwaiter().GetResult() : SqliteSessionStore.Open(File, clock);

    /// <summary>The bytes that it takes: what Redis has in use, or the file and its log.</summary>
    public async Task<long> BytesAsync() => _redis is not null
        ? await _redis.InfoAsync("memory", "used_memory") : _directory!.EnumerateFiles("bench.db*").Sum(file => file.Length);

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        _directory?.Delete(recursive: true);
    }
}
