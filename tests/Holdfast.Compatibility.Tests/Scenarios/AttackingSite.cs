using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Compatibility.Tests.Scenarios;

/// <summary>A site of somebody else, on a port of its own, under any name of this machine.</summary>
public sealed class AttackingSite : IAsyncLifetime
{
    private readonly int _port = Ports.Free();
    private WebApplication? _app;

    public Uri At(string host) => new($"http://{host}:{_port}/");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://localhost:{_port}");
        _app = builder.Build();
        _app.MapGet("/", () => Results.Content("<!doctype html><title>You have won!</title><body>", "text/html"));
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }
}
