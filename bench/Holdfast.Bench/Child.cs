using System.Diagnostics;

namespace Holdfast.Bench;

/// <summary>A process of this benchmark that answers lines. It runs on one processor of its own, away from whoever puts load on it.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts this program once more, with other arguments.</summary>
    public Child(string[] arguments)
        : this("dotnet", [typeof(Child).Assembly.Location, .. arguments])
    {
    }

    /// <summary>Starts another program, with more in its environment.</summary>
    public Child(string program, string[] arguments, Dictionary<string, string>? environment = null, int processor = 0)
    {
        var start = new ProcessStartInfo("taskset", ["-c", $"{processor}", program, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
    }

    /// <summary>Its next line.</summary>
    public async Task<string> ReadAsync() => await _process.StandardOutput.ReadLineAsync()
        ?? throw new InvalidOperationException($"'{string.Join(' ', _process.StartInfo.ArgumentList)}' ended.");

    /// <summary>Sends a line and reads the answer.</summary>
    public async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        return await ReadAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
