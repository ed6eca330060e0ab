using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Holdfast.Bench;

/// <summary>A Redis of our own on the second processor, in memory, stopped by process id.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConnectionMultiplexer _connection;

    private RedisProcess(Process process, string address, ConnectionMultiplexer connection) => (_process, Address, _connection) = (process, address, connection);

    public string Address { get; }

    public static async Task<RedisProcess> StartAsync()
    {
        var port = FreePort();
        var process = Process.Start(new ProcessStartInfo(
            "taskset", ["-c", "1", "redis-server", "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"])
        {
            RedirectStandardOutput = true,
        })!;
        var address = $"127.0.0.1:{port}";
        return new RedisProcess(process, address, await ConnectionMultiplexer.ConnectAsync($"{address},abortConnect=true,connectRetry=50,connectTimeout=500,allowAdmin=true"));
    }

    /// <summary>A number from INFO.</summary>
    public async Task<long> InfoAsync(string section, string entry) => long.Parse(
        (await _connection.GetServers()[0].InfoAsync(section)).SelectMany(group => group).First(one => one.Key == entry).Value,
        System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How often each command was called so far, scripts' own commands included.</summary>
    public async Task<Dictionary<string, long>> CallsAsync() =>
        (await _connection.GetServers()[0].InfoAsync("commandstats")).SelectMany(group => group).ToDictionary(
            one => one.Key["cmdstat_".Length..],
            one => long.Parse(one.Value.Split(',')[0]["calls=".Length..], System.Globalization.CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
