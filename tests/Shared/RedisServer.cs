using System.Diagnostics;
using StackExchange.Redis;

namespace Holdfast.Tests.Shared;

/// <summary>A real redis-server on a free port of loopback, with its files in a directory of its own, stopped by process id.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string[] _settings;
    private Process? _process;

    private RedisServer(string[] settings) => _settings = settings;

    public int Port { get; } = Ports.Free();

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

    /// <summary>What it says about itself.</summary>
    public async Task<IReadOnlyDictionary<string, string>> InfoAsync(string section)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{Port},allowAdmin=true");
        var info = await connection.GetServer("127.0.0.1", Port).InfoAsync(section);
        return info.SelectMany(group => group).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
    }

    /// <summary>Stops it as a suspended machine stops: its connections stay, and nothing answers.</summary>
    public void Pause() => _process!.Send(Signal.Stop);

    public void Continue() => _process!.Send(Signal.Continue);

    public ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Kill();
        }

        _process?.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
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
