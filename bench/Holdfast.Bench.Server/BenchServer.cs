using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Holdfast.Bench.Server;

/// <summary>The program in a process of its own, with a key that it is given; stopped by process id.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _directory;

    private BenchServer(Process process, DirectoryInfo directory, Uri address, string key) => (_process, _directory, Address, Key) = (process, directory, address, key);

    public Uri Address { get; }

    public string Key { get; }

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public double Megabytes => _process.WorkingSet64 / 1048576.0;

    public static async Task<BenchServer> StartAsync(string store)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Holdfast.Server.dll");
        var directory = Directory.CreateTempSubdirectory("holdfast-bench-");
        using var maker = Process.Start(new ProcessStartInfo("dotnet", [program, "apps", "new-key"]) { RedirectStandardOutput = true })!;
        var key = (await maker.StandardOutput.ReadToEndAsync()).Trim();
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo("dotnet", [program, "serve", "--urls", address.ToString()])
        {
            WorkingDirectory = directory.FullName,
            RedirectStandardOutput = true,
            Environment =
            {
                ["HOLDFAST_API_KEY"] = key,
                ["Logging__LogLevel__Default"] = "Warning",
                ["Holdfast__Issuer"] = address.GetLeftPart(UriPartial.Authority),
                ["Holdfast__RefreshRetryWindow"] = "00:00:10",
            },
        };
        if (store != "sqlite")
        {
            start.Environment["Holdfast__Store"] = "redis";
            start.Environment["Holdfast__ConnectionString"] = store;
            start.Environment["Holdfast__MasterSecret"] = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        }

        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Application started", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return new BenchServer(process, directory, address, key);
            }
        }

        throw new InvalidOperationException("The server did not start; what it says stands above.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
