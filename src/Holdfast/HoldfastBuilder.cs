using Holdfast.Auditing;
using Holdfast.Freshness;
using Holdfast.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Holdfast;

/// <summary>Builds a Holdfast installation: a store must be chosen, everything else has a default.</summary>
public sealed class HoldfastBuilder
{
    private HoldfastBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Registers the engine, without a store. Hosts call this; applications call their host's <c>AddHoldfast</c>.</summary>
    public static HoldfastBuilder Create(IServiceCollection services)
    {
        services.AddOptions<HoldfastOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HoldfastOptions>, OptionsRules>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<HoldfastOptions>>().Value);
        services.TryAddSingleton(provider => SessionTerms.Of(provider.GetRequiredService<HoldfastOptions>()));
        services.TryAddSingleton<ISessionStore>(_ => throw new HoldfastConfigurationException(
            "Holdfast has no store. Choose one: AddHoldfast().UseSqlite(\"app.db\"), .UseRedis(\"...\") or, for tests, .UseMemory()."));
        services.TryAddSingleton(provider => Keys(provider));
        services.TryAddSingleton(provider => new StoreClock(provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new SessionMemory(
            provider.GetRequiredService<ISessionStore>().Partitions, provider.GetRequiredService<HoldfastOptions>(), provider.GetRequiredService<StoreClock>()));
        services.TryAddSingleton(provider => new KeyRing(
            provider.GetRequiredService<ISessionStore>(), provider.GetRequiredService<MasterKeys>(), provider.GetRequiredService<HoldfastOptions>(),
            provider.GetRequiredService<StoreClock>()));
        services.TryAddSingleton<TouchBuffer>();
        services.TryAddSingleton<SessionEventQueue>();
        services.TryAddSingleton<SessionEvents>();
        services.TryAddSingleton<SessionManager>();
        if (!services.Any(service => service.ServiceType == typeof(Maintenance)))
        {
            // Stops in the reverse order: no request is under way when the last touches are written.
            services.AddSingleton<Maintenance>();
            services.AddHostedService<Startup>();
            services.AddHostedService(provider => provider.GetRequiredService<Maintenance>());
            services.AddSingleton<FeedFollower>();
            services.AddHostedService(provider => provider.GetRequiredService<FeedFollower>());
            services.AddHostedService<MemoryMeter>();
        }

        return new HoldfastBuilder(services);
    }

    /// <summary>Chooses the store.</summary>
    /// <param name="open">Opens it; called once, when the application starts. A failure stops the start.</param>
    /// <param name="embeddedSecret">
    /// Gives the master secret if none is configured. Only for stores that one machine alone uses.
    /// </param>
    public HoldfastBuilder UseStore(Func<IServiceProvider, ISessionStore> open, Func<string>? embeddedSecret = null)
    {
        Services.Replace(ServiceDescriptor.Singleton(open));
        Services.RemoveAll<EmbeddedSecret>();
        if (embeddedSecret is not null)
        {
            Services.AddSingleton(new EmbeddedSecret(embeddedSecret));
        }

        return this;
    }

    /// <summary>Keeps sessions in this process: for tests and demonstrations. They are gone when it stops, and so are their keys.</summary>
    public HoldfastBuilder UseMemory()
    {
        var secret = Convert.ToBase64String(Secret.New().Reveal());
        return UseStore(provider => new MemorySessionStore(provider.GetRequiredService<TimeProvider>()), () => secret);
    }

    /// <summary>Adds a receiver of events, which the application can also ask for by its type.</summary>
    public HoldfastBuilder AddEventSink<TSink>()
        where TSink : class, ISessionEventSink
    {
        Services.TryAddSingleton<TSink>();
        Services.AddSingleton<ISessionEventSink>(provider => provider.GetRequiredService<TSink>());
        return this;
    }

    private static MasterKeys Keys(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<HoldfastOptions>();
        var secret = string.IsNullOrWhiteSpace(options.MasterSecret)
            ? provider.GetService<EmbeddedSecret>()?.Read() ?? throw new HoldfastConfigurationException(
                "MasterSecret is missing. A store that several machines share needs one that all of them are given: 32 random bytes in base64 (openssl rand -base64 32).")
            : options.MasterSecret;
        return new MasterKeys(secret, options.Environment, options.Issuer);
    }

    private sealed record EmbeddedSecret(Func<string> Read);

    private sealed class OptionsRules : IValidateOptions<HoldfastOptions>
    {
        public ValidateOptionsResult Validate(string? name, HoldfastOptions options)
        {
            var broken = options.Validate().ToArray();
            return broken.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(broken.Select(rule => "Holdfast: " + rule));
        }
    }
}
