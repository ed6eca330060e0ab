using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Holdfast.Server.Tests;

/// <summary>The program itself, in a process of its own, on a port of its own; stopped by process id.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Holdfast.Server.dll");

    private readonly string _directory;
    private readonly (string Name, string Value)[] _settings;
    private Process? _process;

    private ServerProcess(string directory, int port, string? issuer, (string Name, string Value)[] settings)
    {
        (_directory, Address, _settings) = (directory, new Uri($"http://127.0.0.1:{port}"), settings);
        Issuer = issuer ?? Address.GetLeftPart(UriPartial.Authority);
    }

    public Uri Address { get; }

    public string Issuer { get; }

    /// <summary>What it has said.</summary>
    public List<string> Lines { get; } = [];

    public static async Task<ServerProcess> StartAsync(string directory, params (string Name, string Value)[] settings)
    {
        var server = new ServerProcess(directory, RunningServer.FreePort(), null, settings);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>One of several servers on one store, which therefore share an issuer.</summary>
    public static async Task<ServerProcess> StartNodeAsync(string directory, string issuer, params (string Name, string Value)[] settings)
    {
        var server = new ServerProcess(directory, RunningServer.FreePort(), issuer, settings);
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        _process = Start("serve", "--urls", Address.ToString());
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            Lines.Add(line);
            if (line.Contains("Application started", StringComparison.Ordinal))
            {
                // Read on, so that it never waits for somebody to read what it says.
                _ = _process.StandardOutput.ReadToEndAsync();
                return;
            }
        }

        throw new InvalidOperationException($"The server ended before it listened: {await _process.StandardError.ReadToEndAsync()}");
    }

    /// <summary>Adds an application by the command line and answers its key.</summary>
    public async Task<string> AddAsync(string id, params string[] options)
    {
        using var command = Start(["apps", "add", id, .. options]);
        var output = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        Assert.True(command.ExitCode == 0, await command.StandardError.ReadToEndAsync());
        return Regex.Match(output, "hfk_[\\w-]{48}").Value;
    }

    /// <summary>Tells it to stop, as a supervisor does, and waits.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments, "--issuer", Issuer]) { WorkingDirectory = _directory, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in _settings)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
