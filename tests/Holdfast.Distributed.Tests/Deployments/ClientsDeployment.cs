using System.Diagnostics;
using System.Net;
using Holdfast.Distributed.Tests.Faults;

namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>
/// One real server on a file, and in front of it an Express process, a gunicorn of four Flask workers, and another Express process.
/// Each calls the server only through a proxy of its own.
/// </summary>
public sealed class ClientsDeployment : Deployment
{
    /// <summary>The node that is Express, and so is the last one.</summary>
    public const int Express = 0;

    /// <summary>The node that is gunicorn with Flask.</summary>
    public const int Flask = 1;

    private static readonly string Clients = Path.Combine(NodeProgram.Repository, "clients");
    private static readonly string Programs = Path.Combine(NodeProgram.Repository, "tests", "Holdfast.Distributed.Clients");
    private static readonly NodeProgram ServerProgram = NodeProgram.OfProject("src/Holdfast.Server", "serve") with { Health = "/readyz" };
    private static readonly NodeProgram ExpressProgram = new(Programs, "node", "node.mjs");

    // Debian's Python, which has Flask and gunicorn; another one may stand before it in the path.
    private static readonly NodeProgram FlaskProgram = new(Programs, "/usr/bin/python3", "-m", "gunicorn") { Workers = 4 };

    private readonly TemporaryDirectory _directory = new();
    private readonly List<FaultProxy> _proxies = [];
    private NodeProcess? _server;
    private string _key = "";

    internal NodeProcess Server => _server!;

    internal IReadOnlyList<FaultProxy> Proxies => _proxies;

    protected override async Task StartStoreAsync()
    {
        Assert.True(File.Exists(Path.Combine(Clients, "express", "dist", "esm", "express.js")), "The Express client is not built: in clients/express, npm ci and node build.mjs.");
        _key = await NewKeyAsync();
        var settings = new Dictionary<string, string>(EngineSettings)
        {
            ["Holdfast__Environment"] = "Test",
            ["Holdfast__ConnectionString"] = Path.Combine(_directory.Path, "sessions.db"),
            ["HOLDFAST_API_KEY"] = _key,
        };
        _server = new NodeProcess(ServerProgram, settings);
        settings["Holdfast__Issuer"] = _server.Address.GetLeftPart(UriPartial.Authority);
        await _server.StartAsync(Http);
        _proxies.AddRange(Enumerable.Range(0, Size).Select(_ => new FaultProxy(new IPEndPoint(IPAddress.Loopback, _server.Address.Port))));
    }

    protected override async ValueTask StopStoreAsync()
    {
        foreach (var proxy in _proxies)
        {
            await proxy.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _directory.Dispose();
    }

    private protected override NodeProcess NodeAt(int index) => new(index == Flask ? FlaskProgram : ExpressProgram, new Dictionary<string, string>
    {
        ["HOLDFAST_URL"] = $"http://127.0.0.1:{_proxies[index].Port}",
        ["HOLDFAST_API_KEY"] = _key,
        ["PYTHONPATH"] = Path.Combine(Clients, "flask"),
        ["PYTHONDONTWRITEBYTECODE"] = "1",
    });

    private static async Task<string> NewKeyAsync()
    {
        var program = NodeProgram.OfProject("src/Holdfast.Server", "apps", "new-key");
        using var command = Process.Start(new ProcessStartInfo(program.Command[0], program.Command[1..]) { RedirectStandardOutput = true })!;
        var key = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        return key.Trim();
    }
}
