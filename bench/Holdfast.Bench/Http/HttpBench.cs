using Holdfast.Bench.Variants;

namespace Holdfast.Bench.Http;

/// <summary>
/// Requests a second over loopback. Every variant is a server process of its own on the first processor; wrk, Redis and this program share
/// the second.
/// </summary>
internal static class HttpBench
{
    public static async Task RunAsync(string store, string only)
    {
        await using var redis = await RedisProcess.StartAsync();
        Target[] targets =
        [
            .. Catalogue.OverHttp.Select(variant => new Target(variant.Name, variant.Id, (port, address) => new Child(["serve", variant.Id, $"{port}", store, address]))),
            new("Bare endpoint, sent the session cookie", "bare-cookie", (port, address) => new Child(["serve", Stock.Bare.Id, $"{port}", store, address]))
            {
                Headers = "Cookie: __Host-Http-holdfast=hfs_" + new string('a', 66),
            },
            new("Express + express-session + connect-redis 9", "express-session", (port, address) => new Child("node", [ClientBench.Express, "sessions", $"{port}", address])),
            new("Express + jose ES256", "express-jose", (port, address) => new Child("node", [ClientBench.Express, "jose", $"{port}", address])),
        ];
        await Rounds.RunAsync(
            $"over HTTP, {store}", [.. targets.Where(target => target.Id == Stock.Bare.Id || target.Id.Contains(only, StringComparison.Ordinal))], redis.Address);
    }

    /// <summary>The child: one variant over Kestrel.</summary>
    public static async Task ServeAsync(string id, int port, Backing backing)
    {
        await using var app = Catalogue.Find(id).Build(backing, builder => builder.WebHost.UseUrls($"http://127.0.0.1:{port}"));
        await app.StartAsync();
        Console.WriteLine("ready");
        await app.WaitForShutdownAsync();
    }
}
