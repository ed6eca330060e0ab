using System.Security.Authentication;
using Holdfast.AspNetCore;
using Holdfast.Server.Api;
using Holdfast.Server.Applications;
using Holdfast.Server.Hosting;
using Holdfast.Server.OAuth;
using Holdfast.Server.OpenApi;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.HttpOverrides;

namespace Holdfast.Server;

/// <summary>The main flow of <c>holdfast serve</c>: what it is made of, and the chain that every request walks.</summary>
internal static class HoldfastServer
{
    private const int MaxBodyBytes = 64 * 1024;
    private const int MaxHeaderBytes = 32 * 1024;

    /// <summary>Builds it from appsettings.json, the environment, and <paramref name="settings"/>, which win.</summary>
    /// <exception cref="HoldfastConfigurationException">A setting breaks a rule.</exception>
    public static WebApplication Build(IEnumerable<KeyValuePair<string, string?>> settings, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);

        // A start that fails is told by the command, once and in words.
        var started = false;
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => Volatile.Read(ref started) && level >= LogLevel.Warning);
        Listen(builder);

        var options = EngineSetup.Read(builder.Configuration);
        EngineSetup.Add(builder.Services.AddHoldfast(), options);

        // The framework would check every request by the default scheme, before anybody knows whose it is: an API key is no access token.
        builder.Services.Configure<AuthenticationOptions>(authentication => authentication.DefaultScheme = "none");
        builder.Services.AddHostedService<FirstApplication>();
        builder.Services.AddSingleton<Draining>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Draining>());
        builder.Services.AddHealth();
        builder.Services.AddOAuth();
        builder.Services.AddDocument();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        configure?.Invoke(builder);

        var app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => Volatile.Write(ref started, true));
        UseProxies(app, options);
        app.UsePathBase(new Uri(app.Services.GetRequiredService<HoldfastOptions>().Issuer).AbsolutePath.TrimEnd('/'));
        app.UseMiddleware<Draining.LastAnswers>();
        app.UseHoldfastSecurityHeaders();
        app.UseMiddleware<ProblemAnswers>();
        app.UseHoldfastHttps();
        app.UseRouting();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/auth"), auth => auth
            .UseMiddleware<AuthHosts>()
            .UseHoldfastAddressLimit()
            .UseHoldfastSessions()
            .UseHoldfastCsrf()
            .UseHoldfastSessionLimit());
        app.UseMiddleware<OAuthOrigins>();
        app.MapApi();
        app.MapOAuth();
        app.MapHoldfast("/auth");
        app.MapHealth();
        app.MapDocument();
        return app;
    }

    private static void Listen(WebApplicationBuilder builder)
    {
        var configured = new[] { "urls", "http_ports", "https_ports" }.Any(name => !string.IsNullOrEmpty(builder.Configuration[name]))
            || builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        if (!configured)
        {
            builder.WebHost.UseUrls(EngineSetup.DefaultAddress);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.ConfigureHttpsDefaults(https => https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13);
        });
    }

    private static void UseProxies(WebApplication app, ServerOptions options)
    {
        if (options.KnownProxies.Count == 0)
        {
            return;
        }

        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in options.ProxyNetworks)
        {
            forwarded.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(forwarded);
    }
}
