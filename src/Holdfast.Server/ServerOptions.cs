using System.Net;
using Holdfast.AspNetCore;

namespace Holdfast.Server;

/// <summary>The settings that only the server has, in the section <c>Holdfast</c> beside the engine's.</summary>
internal sealed class ServerOptions
{
    /// <summary>Where sessions live: <c>sqlite</c>, <c>redis</c> or <c>memory</c>. Default: sqlite.</summary>
    public string Store { get; set; } = "sqlite";

    /// <summary>The path of SQLite's file (default <c>holdfast.db</c>), or how to reach Redis.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Proxies whose forwarded headers count: addresses or networks (<c>10.0.0.0/8</c>). Default: none.</summary>
    public IList<string> KnownProxies { get; } = [];

    /// <summary>The assurance levels that the applications use (<c>acr</c>), for OAuth clients to read. Default: none are named.</summary>
    public IList<string> AcrValues { get; } = [];

    /// <summary>
    /// How long a server that was told to stop goes on serving, not ready and with <c>Connection: close</c>, so that clients and proxies
    /// move on before it closes its connections. 0 to 1 minute; default 1 second.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether the store is this machine's alone.</summary>
    public bool IsEmbedded => Store is "sqlite" or "memory";

    /// <summary>The path of SQLite's file.</summary>
    public string Path => string.IsNullOrWhiteSpace(ConnectionString) ? "holdfast.db" : ConnectionString;

    /// <summary>Where the first API key goes if there is no terminal.</summary>
    public string KeyFile => System.IO.Path.GetFullPath(Store == "sqlite" ? Path + ".api-key" : "holdfast.api-key");

    /// <summary>Every broken rule, each naming the setting, its value and what is allowed.</summary>
    public IEnumerable<string> Validate(IConfiguration section)
    {
        foreach (var unknown in section.GetChildren().Select(child => child.Key).Except(KnownSettings, StringComparer.OrdinalIgnoreCase))
        {
            yield return $"'{unknown}' is no setting of this version. Known are {string.Join(", ", KnownSettings.Order())}.";
        }

        switch (Store)
        {
            case "sqlite" when ConnectionString?.Contains('=', StringComparison.Ordinal) == true:
                yield return "ConnectionString is, for sqlite, the path of its file, without key=value.";
                break;
            case "redis" when string.IsNullOrWhiteSpace(ConnectionString):
                yield return "ConnectionString is missing: for redis, host:port,password=...,ssl=true.";
                break;
            case "sqlite" or "redis" or "memory":
                break;
            case "postgres":
                yield return "Store is 'postgres', which this version does not have yet: sqlite, redis or memory.";
                break;
            default:
                yield return $"Store is '{Store}': sqlite, redis or memory.";
                break;
        }

        if (DrainTime < TimeSpan.Zero || DrainTime > TimeSpan.FromMinutes(1))
        {
            yield return $"DrainTime is {DrainTime}: 00:00:00 to 00:01:00.";
        }

        foreach (var proxy in KnownProxies.Where(proxy => !IPNetwork.TryParse(AsNetwork(proxy), out _)))
        {
            yield return $"KnownProxies contains '{proxy}': an address or a network such as 10.0.0.0/8.";
        }
    }

    /// <summary>The networks of <see cref="KnownProxies"/>.</summary>
    public IEnumerable<IPNetwork> ProxyNetworks => KnownProxies.Select(proxy => IPNetwork.Parse(AsNetwork(proxy)));

    /// <summary>Chooses the store that the settings name.</summary>
    public HoldfastBuilder Use(HoldfastBuilder builder) => Store switch
    {
        "redis" => builder.UseRedis(ConnectionString!),
        "memory" => builder.UseMemory(),
        _ => builder.UseSqlite(Path),
    };

    // PlaceOf is code, and no setting; ClientId is each application's own id.
    private static string[] KnownSettings { get; } =
    [
        .. new[] { typeof(HoldfastOptions), typeof(HoldfastWebOptions), typeof(ServerOptions) }.SelectMany(type => type.GetProperties())
            .Where(property => property.CanWrite || property.PropertyType == typeof(IList<string>)).Select(property => property.Name)
            .Except([nameof(HoldfastWebOptions.PlaceOf), nameof(HoldfastOptions.ClientId)]),
    ];

    private static string AsNetwork(string proxy) =>
        IPAddress.TryParse(proxy, out var address) ? $"{address}/{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)}" : proxy;
}
