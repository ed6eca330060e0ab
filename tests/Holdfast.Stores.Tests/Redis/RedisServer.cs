using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Holdfast.Stores.Tests.Redis;

/// <summary>A real redis-server on a free port of loopback, with its files in a directory of its own, stopped by process id.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string[] _settings;
    private Process? _process;

    private RedisServer(string[] settings) => _settings = settings;

    public int Port { get; } = FreePort();

    public string Directory => _directory.Path;

    public string ConnectionString => $"127.0.0.1:{Port},abortConnect=true,connectTimeout=5000,syncTimeout=5000";

    /// <summary>Starts one that writes every command to disk before it answers.</summary>
    public static async Task<RedisServer> StartAsync(params string[] settings)
    {
        var server = new RedisServer(settings);
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        string[] arguments =
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", Directory, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
            "--loglevel", "warning", .. _settings,
        ];
        try
        {
            _process = Process.Start(new ProcessStartInfo("redis-server", arguments) { RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException("redis-server is missing: ./test installs it (apt-get install redis-server).");
        }

        await WaitUntilItAnswersAsync();
    }

    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Kill();
        }

        _process?.Dispose();
        await Task.CompletedTask;
        _directory.Dispose();
    }

    public static int FreePort()
    {
        // Below 20000 the bus port of a cluster, 10000 higher, is a port as well.
        while (true)
        {
            var port = Random.Shared.Next(11000, 19000);
            try
            {
                using var one = new TcpListener(IPAddress.Loopback, port);
                one.Start();
                using var other = new TcpListener(IPAddress.Loopback, port + 10000);
                other.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }
    }

    private async Task WaitUntilItAnswersAsync()
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{Port},connectRetry=0,connectTimeout=500,allowAdmin=true");
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
                await connection.GetServers()[0].PingAsync();
                return;
            }
            catch (RedisException) when (attempt < 99 && !_process!.HasExited)
            {
                // Not yet: connecting took its time already.
            }
        }
    }
}
