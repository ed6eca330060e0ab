using System.Collections.Concurrent;
using System.Diagnostics;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>One node: a process of its own on a port of its own, which it keeps when it comes back.</summary>
internal sealed class NodeProcess(IReadOnlyDictionary<string, string> settings) : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(
        AppContext.BaseDirectory, "..", "..", "..", "..", "Holdfast.Distributed.Node", "bin", "Debug", "net10.0", "Holdfast.Distributed.Node.dll");

    private readonly ConcurrentQueue<string> _lastWords = new();
    private Process? _process;

    public Uri Address { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync(HttpClient http)
    {
        var start = new ProcessStartInfo("dotnet", [Program])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(Program),
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = Address.ToString();
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        _process?.Dispose();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Remember(line.Data);
        _process.ErrorDataReceived += (_, line) => Remember(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Eventually.IsTrueAsync(async () =>
        {
            Assert.False(_process.HasExited, $"The node went at once:\n{string.Join('\n', _lastWords)}");
            try
            {
                using var answer = await http.GetAsync(new Uri(Address, "/health"));
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process!.WaitForExitAsync();
    }

    /// <summary>SIGTERM: it finishes what it began, and leaves.</summary>
    public async Task TerminateAsync()
    {
        _process!.Send(Signal.Terminate);
        await _process!.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
    }

    private void Remember(string? line)
    {
        if (line is not null)
        {
            _lastWords.Enqueue(line);
            while (_lastWords.Count > 40)
            {
                _lastWords.TryDequeue(out _);
            }
        }
    }
}
