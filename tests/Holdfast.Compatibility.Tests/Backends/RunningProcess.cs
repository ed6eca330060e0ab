using System.Collections.Concurrent;
using System.Diagnostics;

namespace Holdfast.Compatibility.Tests.Backends;

/// <summary>A program on a port of its own; what it says is kept, and it is stopped by its id.</summary>
internal sealed class RunningProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private RunningProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>What it has said so far.</summary>
    public IEnumerable<string> Lines => _lines;

    /// <summary>Starts it, and waits until <paramref name="path"/> answers with success.</summary>
    public static async Task<RunningProcess> StartAsync(string[] program, int port, string path, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program[0], program[1..]) { WorkingDirectory = Backend.Repository, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["PORT"] = $"{port}";
        var process = new Process { StartInfo = start };
        var running = new RunningProcess(process, new Uri($"http://localhost:{port}"));
        process.OutputDataReceived += running.Keep;
        process.ErrorDataReceived += running.Keep;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await running.AnswersAsync(path);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task AnswersAsync(string path)
    {
        using var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(5) };
        await Until.TrueAsync(
            async () =>
            {
                Assert.False(_process.HasExited, $"{_process.StartInfo.FileName} {_process.StartInfo.Arguments} ended before it listened:\n{string.Join('\n', _lines)}");
                try
                {
                    using var response = await http.GetAsync(path);
                    return response.IsSuccessStatusCode;
                }
                catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
                {
                    return false;
                }
            },
            $"{Address} answers {path}",
            Patience);
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            _lines.Enqueue(line.Data);
        }
    }
}
