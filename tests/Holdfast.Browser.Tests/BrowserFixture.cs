using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using Playground;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Holdfast.Browser.Tests;

/// <summary>A playground of one test, on ports of its own, with a clock that the test may hold.</summary>
internal sealed class RunningPlayground : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _directory;

    private RunningPlayground(WebApplication app, PlaygroundSettings settings, DirectoryInfo directory) => (_app, Settings, _directory) = (app, settings, directory);

    public PlaygroundSettings Settings { get; }

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<RunningPlayground> StartAsync(FakeTimeProvider? clock = null, System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null)
    {
        var directory = Directory.CreateTempSubdirectory("holdfast-playground-");
        var settings = new PlaygroundSettings(FreePort(), FreePort(), directory.FullName) { Scheme = certificate is null ? "http" : "https" };
        var app = await PlaygroundApp.CreateAsync(settings, [], builder =>
        {
            builder.Logging.ClearProviders();
            if (clock is not null)
            {
                builder.Services.AddSingleton<TimeProvider>(clock);
            }

            if (certificate is not null)
            {
                builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate));
            }
        });
        await app.StartAsync();
        return new RunningPlayground(app, settings, directory);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>What a person does on the playground's pages.</summary>
internal static class PlaygroundPage
{
    public static async Task<IPage> SignedInAsync(this IBrowserContext context, RunningPlayground playground, bool remember = false)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(playground.Settings.Address);
        await page.GetByLabel("Password").FillAsync(DemoAccount.Password);
        if (remember)
        {
            await page.GetByLabel("Keep me signed in").CheckAsync();
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByText("this device", new() { Exact = true })).ToBeVisibleAsync();
        return page;
    }

    /// <summary>Keeps a picture for the documentation when asked to: <c>SCREENSHOTS=1 ./test Browser</c>.</summary>
    public static async Task KeepPictureAsync(this IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") == "1")
        {
            var path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "docs", "images", name + ".png");
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = path, FullPage = true });
        }
    }
}
