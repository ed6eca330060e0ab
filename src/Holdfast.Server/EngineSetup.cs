using Holdfast.Server.Applications;

namespace Holdfast.Server;

/// <summary>What <c>serve</c> and the other commands share: the settings, the engine on the store that they name, and its applications.</summary>
internal static class EngineSetup
{
    /// <summary>Where a server listens, and who issues tokens, until the settings say otherwise.</summary>
    public const string DefaultAddress = "http://localhost:5090";

    /// <exception cref="HoldfastConfigurationException">A setting breaks a rule.</exception>
    public static ServerOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(HoldfastOptions.SectionName);
        var options = section.Get<ServerOptions>() ?? new ServerOptions();
        string[] broken = [.. options.Validate(section)];
        return broken.Length == 0 ? options : throw new HoldfastConfigurationException(string.Join('\n', broken));
    }

    /// <summary>Finishes a builder that has read the engine's settings.</summary>
    public static void Add(HoldfastBuilder builder, ServerOptions options)
    {
        builder.Services.AddOptions<HoldfastOptions>().PostConfigure(engine =>
            engine.Issuer = engine.Issuer == new HoldfastOptions().Issuer ? DefaultAddress : engine.Issuer);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<ApplicationDirectory>();
        builder.Services.AddSingleton<Api.FeedBell>();
        options.Use(builder);
    }
}
