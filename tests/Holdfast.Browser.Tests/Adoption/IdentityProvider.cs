using System.Diagnostics;

namespace Holdfast.Browser.Tests.Adoption;

/// <summary>A real OpenID Connect provider (oidc-provider from npm), installed from its lock file and stopped by process id.</summary>
internal sealed class IdentityProvider : IAsyncDisposable
{
    private readonly Process _process;

    private IdentityProvider(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public static async Task<IdentityProvider> StartAsync(string app)
    {
        var directory = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../oidc-provider"));
        if (!Directory.Exists(Path.Combine(directory, "node_modules")))
        {
            using var install = Process.Start(new ProcessStartInfo("npm", ["ci", "--silent", "--no-audit", "--no-fund"]) { WorkingDirectory = directory })!;
            await install.WaitForExitAsync();
            Assert.True(install.ExitCode == 0, "npm ci failed for the identity provider.");
        }

        var port = RunningSample.FreePort();
        var process = Process.Start(new ProcessStartInfo("node", ["provider.mjs", $"{port}", app])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            Environment = { ["NODE_NO_WARNINGS"] = "1" },
        })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "ready")
            {
                return new IdentityProvider(process, $"http://localhost:{port}");
            }
        }

        throw new InvalidOperationException("The identity provider did not start.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
