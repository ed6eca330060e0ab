using System.Net;
using System.Net.Sockets;
using Adopted;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Browser.Tests.Adoption;

/// <summary>One of the sample applications, on a port and in a directory of its own.</summary>
internal sealed class RunningSample : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly AdoptedSettings _settings;

    private RunningSample(WebApplication app, AdoptedSettings settings) => (_app, _settings) = (app, settings);

    public string Address => _settings.Address;

    public SessionManager Sessions => _app.Services.GetRequiredService<SessionManager>();

    public static async Task<RunningSample> StartAsync(string name, FakeTimeProvider? clock = null, int? port = null, string authority = "")
    {
        var settings = new AdoptedSettings($"http://localhost:{port ?? FreePort()}", Directory.CreateTempSubdirectory("holdfast-adopted-").FullName) { Authority = authority };
        var app = await AdoptedApps.Find(name)!(settings, builder =>
        {
            builder.Logging.ClearProviders();
            if (clock is not null)
            {
                builder.Services.AddSingleton<TimeProvider>(clock);
            }
        });
        await app.StartAsync();
        return new RunningSample(app, settings);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Ends every session, as an administrator may.</summary>
    public ValueTask EndAllAsync() => Sessions.EndEveryoneAsync("default", Caller.Application, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_settings.Directory, recursive: true);
    }
}
