using System.Globalization;
using Holdfast.Bench.Variants;

namespace Holdfast.Bench.Http;

/// <summary>
/// Requests a second over loopback. Every variant is a server process of its own on the first processor; wrk, Redis and this program share
/// the second. Each load is preceded by one of the bare endpoint, and what counts is the median of these pairs: on a shared machine, what
/// is measured a minute apart cannot be compared.
/// </summary>
internal static class HttpBench
{
    private static readonly int Seconds = Setting("SECONDS_EACH", 1);

    // In bursts: a server that is never idle gives its compiler no time to finish, and shows half its speed for minutes.
    private static readonly int Bursts = Setting("WARM_UP", 18);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(300);

    public static async Task RunAsync(string store, string only)
    {
        var peers = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../peers/server.mjs"));
        await using var redis = await RedisProcess.StartAsync();
        Target[] targets =
        [
            .. Catalogue.OverHttp.Select(variant => new Target(variant.Name, variant.Id, (port, address) => new Child(["serve", variant.Id, $"{port}", store, address]))),
            new("Bare endpoint, sent the session cookie", "bare-cookie", (port, address) => new Child(["serve", Stock.Bare.Id, $"{port}", store, address]))
            {
                Headers = "Cookie: __Host-Http-holdfast=hfs_" + new string('a', 66),
            },
            new("Express + express-session + connect-redis 9", "express-session", (port, address) => new Child("node", [peers, "sessions", $"{port}", address])),
            new("Express + jose ES256", "express-jose", (port, address) => new Child("node", [peers, "jose", $"{port}", address])),
        ];
        targets = [.. targets.Where(target => target.Id == Stock.Bare.Id || target.Id.Contains(only, StringComparison.Ordinal))];
        try
        {
            foreach (var target in targets)
            {
                await target.StartAsync(redis.Address);
                for (var burst = 0; burst < Bursts; burst++)
                {
                    await target.LoadAsync(1);
                    await Task.Delay(Rest, TimeProvider.System);
                }
            }

            for (var round = 0; round < Setting("ROUNDS", 11); round++)
            {
                foreach (var target in targets)
                {
                    var bare = await targets[0].LoadAsync(Seconds);
                    var load = await target.LoadAsync(Seconds);
                    target.Measured.Add(load);
                    target.Shares.Add(load.PerSecond / bare.PerSecond);
                }
            }

            Print(store, targets);
        }
        finally
        {
            foreach (var target in targets)
            {
                target.Dispose();
            }
        }
    }

    /// <summary>The child: one variant over Kestrel.</summary>
    public static async Task ServeAsync(string id, int port, Backing backing)
    {
        await using var app = Catalogue.Find(id).Build(backing, builder => builder.WebHost.UseUrls($"http://127.0.0.1:{port}"));
        await app.StartAsync();
        Console.WriteLine("ready");
        await app.WaitForShutdownAsync();
    }

    private static void Print(string store, Target[] targets)
    {
        Table.Print(
            [$"over HTTP, {store}", "requests/s", "of bare", "p50", "p99"],
            targets.Select(target => (string[])
            [
                target.Name, Table.Whole(Table.Median(target.Measured.Select(load => load.PerSecond))), Table.Fine(Table.Median(target.Shares)),
                Latency(target, load => load.Half), Latency(target, load => load.Most),
            ]));
    }

    private static string Latency(Target target, Func<Load, double> of) =>
        string.Create(CultureInfo.InvariantCulture, $"{Table.Median(target.Measured.Select(of)) / 1000:0.00} ms");

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
