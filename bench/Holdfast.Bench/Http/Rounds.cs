using System.Globalization;

namespace Holdfast.Bench.Http;

/// <summary>
/// Loads servers in turn. Each load is preceded by one of the bare endpoint, and what counts is the median of these pairs: on a shared
/// machine, what is measured a minute apart cannot be compared.
/// </summary>
internal static class Rounds
{
    private static readonly int Seconds = Setting("SECONDS_EACH", 1);

    // In bursts: a server that is never idle gives its compiler no time to finish, and shows half its speed for minutes.
    private static readonly int Bursts = Setting("WARM_UP", 18);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(300);

    /// <summary>Measures all of them against the first, and prints the table.</summary>
    public static async Task RunAsync(string title, IReadOnlyList<Target> targets, string redis)
    {
        try
        {
            foreach (var target in targets)
            {
                await target.StartAsync(redis);
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

            Print(title, targets);
        }
        finally
        {
            foreach (var target in targets)
            {
                target.Dispose();
            }
        }
    }

    private static void Print(string title, IEnumerable<Target> targets) => Table.Print(
        [title, "requests/s", "of bare", "p50", "p99"],
        targets.Select(target => (string[])
        [
            target.Name, Table.Whole(Table.Median(target.Measured.Select(load => load.PerSecond))), Table.Fine(Table.Median(target.Shares)),
            Latency(target, load => load.Half), Latency(target, load => load.Most),
        ]));

    private static string Latency(Target target, Func<Load, double> of) =>
        string.Create(CultureInfo.InvariantCulture, $"{Table.Median(target.Measured.Select(of)) / 1000:0.00} ms");

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
