using System.Collections.Concurrent;
using System.Diagnostics;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>What a node runs.</summary>
/// <param name="Directory">Where it is at home.</param>
/// <param name="Command">The program, found as a shell finds it, and its arguments.</param>
internal sealed record NodeProgram(string Directory, params string[] Command)
{
    /// <summary>Where the repository lies.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    /// <summary>Where it answers with success once it serves.</summary>
    public string Health { get; init; } = "/health";

    /// <summary>How many processes answer at its port; each knows by itself what has ended.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>A program of .NET that the build has left in its project's directory.</summary>
    public static NodeProgram OfProject(string project, params string[] arguments)
    {
        var directory = Path.Combine(Repository, project, "bin", "Debug", "net10.0");
        return new(directory, ["dotnet", Path.Combine(directory, $"{Path.GetFileName(project)}.dll"), .. arguments]);
    }
}

/// <summary>One node: a process of its own on a port of its own, which it keeps when it comes back.</summary>
internal sealed class NodeProcess(NodeProgram program, IReadOnlyDictionary<string, string> settings) : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _lastWords = new();
    private Process? _process;

    public NodeProgram Program => program;

    public Uri Address { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    /// <summary>The last lines that it has said.</summary>
    public IEnumerable<string> LastWords => _lastWords;

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync(HttpClient http)
    {
        var start = new ProcessStartInfo(program.Command[0], program.Command[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = program.Directory,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = Address.ToString();
        start.Environment["PORT"] = $"{Address.Port}";
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
                using var answer = await http.GetAsync(new Uri(Address, program.Health));
                return answer.IsSuccessStatusCode;
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
            {
                return false;
            }
        });
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill(entireProcessTree: true);
        await _process!.WaitForExitAsync();
    }

    /// <summary>SIGTERM: it finishes what it began, and leaves.</summary>
    public async Task TerminateAsync()
    {
        _process!.Send(Signal.Terminate);
        await _process!.WaitForExitAsync();
    }

    /// <summary>Stops it as a suspended machine stops: its connections stay, and nothing answers.</summary>
    public void Pause() => _process!.Send(Signal.Stop);

    public void Continue() => _process!.Send(Signal.Continue);

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
