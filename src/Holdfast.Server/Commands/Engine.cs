using System.CommandLine;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Commands;

/// <summary>The engine on the configured store, for the time of one command: checked as a server checks it at its start.</summary>
internal sealed class Engine : IAsyncDisposable
{
    private readonly IHost _host;

    private Engine(IHost host) => _host = host;

    public SessionManager Sessions => Service<SessionManager>();

    public ISessionStore Store => Service<ISessionStore>();

    public ApplicationDirectory Applications => Service<ApplicationDirectory>();

    public DateTimeOffset Now => Service<TimeProvider>().GetUtcNow();

    public T Service<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <param name="parsed">The settings among the options.</param>
    /// <param name="mayCreate">Whether a store that is not there yet is made: only for what belongs to setting up.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<Engine> OpenAsync(ParseResult parsed, bool mayCreate, CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
        {
            // As the server reads it, so that both belong to one environment.
            EnvironmentName = System.Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? System.Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT"),
        });
        builder.Configuration.AddInMemoryCollection(Settings.Of(parsed));
        builder.Logging.ClearProviders();
        var options = EngineSetup.Read(builder.Configuration);
        if (options.Store == "memory")
        {
            throw new HoldfastConfigurationException("The memory store lives inside the serving process, where no command reaches it: use sqlite or redis.");
        }

        if (options.Store == "sqlite" && !mayCreate && !File.Exists(options.Path))
        {
            throw new HoldfastConfigurationException($"There is no store at {Path.GetFullPath(options.Path)}. Name its file by --connection-string, or start the server once.");
        }

        var engine = HoldfastBuilder.Create(builder.Services);
        builder.Services.AddOptions<HoldfastOptions>().BindConfiguration(HoldfastOptions.SectionName)
            .PostConfigure<IHostEnvironment>((settings, host) => settings.Environment = settings.Environment.Length > 0 ? settings.Environment : host.EnvironmentName);
        EngineSetup.Add(engine, options);
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
            return new Engine(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
