namespace Holdfast.Compatibility.Tests.Backends;

/// <summary>One real server and one store, and beside them the application on every backend, each a process.</summary>
internal sealed class Deployment : IAsyncDisposable
{
    private static readonly string ServerProgram = Path.Combine(AppContext.BaseDirectory, "Holdfast.Server.dll");

    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, RunningProcess> _backends = [];
    private RunningProcess? _server;

    /// <summary>The backend of this name.</summary>
    public RunningProcess this[string backend] => _backends[backend];

    /// <summary>What the server, and the backend of this name, have said. Events of sessions stand where the engine runs.</summary>
    public IEnumerable<string> LinesOf(string backend) => [.. _server!.Lines, .. _backends[backend].Lines];

    /// <summary>Starts one. What <paramref name="settings"/> name comes on top of the store in a file.</summary>
    public static async Task<Deployment> StartAsync(params (string Name, string Value)[] settings)
    {
        var deployment = new Deployment();
        try
        {
            await deployment.StartAllAsync(settings);
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var backend in _backends.Values)
        {
            await backend.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task StartAllAsync((string Name, string Value)[] settings)
    {
        var port = Ports.Free();
        var environment = new Dictionary<string, string>
        {
            ["HOLDFAST_API_KEY"] = (await Programs.RunAsync(_directory.Path, "dotnet", ServerProgram, "apps", "new-key")).Trim(),
            ["HOLDFAST_URL"] = $"http://localhost:{port}",
            ["Holdfast__Environment"] = "Test",
            ["Holdfast__Issuer"] = $"http://localhost:{port}",
            ["Holdfast__ConnectionString"] = Path.Combine(_directory.Path, "sessions.db"),
            ["Holdfast__AccessTokenClaims__0"] = "name",
        };
        foreach (var (name, value) in settings)
        {
            environment["Holdfast__" + name] = value;
        }

        _server = await RunningProcess.StartAsync(["dotnet", ServerProgram, "serve", "--urls", $"http://localhost:{port}"], port, "/readyz", environment);
        var starting = Backend.All.Select(async backend => (backend.Name, await RunningProcess.StartAsync(backend.Program, Ports.Free(), "/login", environment))).ToArray();
        foreach (var start in starting)
        {
            var (name, process) = await start;
            _backends.Add(name, process);
        }
    }
}
