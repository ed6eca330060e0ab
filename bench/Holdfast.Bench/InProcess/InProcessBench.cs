using System.Globalization;
using System.Runtime;
using Holdfast.Bench.Variants;

namespace Holdfast.Bench.InProcess;

/// <summary>
/// What a request costs above a bare one, without a socket: processor time of the whole process (its garbage collector included) and
/// bytes allocated by the thread. A process for each variant, so that what one teaches the compiler misleads no other; one thread; rounds in turn.
/// </summary>
internal static class InProcessBench
{
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(Setting("ROUND_MS", 500));

    public static async Task RunAsync(string only, IEnumerable<Variant> catalogue)
    {
        Variant[] variants = [Stock.Bare, .. catalogue.Where(variant => variant.Id.Contains(only, StringComparison.Ordinal) && variant != Stock.Bare)];
        var children = new List<Child>();
        try
        {
            // One after the other: they share a processor, and a warm-up of which others took most is none.
            foreach (var variant in variants)
            {
                children.Add(new Child(["inprocess-variant", variant.Id]));
                await children[^1].ReadAsync();
            }

            var measured = variants.ToDictionary(variant => variant, _ => new List<(double Nanoseconds, double Bytes)>());
            for (var round = 0; round < Setting("ROUNDS", 7); round++)
            {
                foreach (var (variant, child) in variants.Zip(children))
                {
                    var answer = (await child.AskAsync("round")).Split(' ');
                    measured[variant].Add((Number(answer[0]), Number(answer[1])));
                }
            }

            Print(variants, measured);
        }
        finally
        {
            foreach (var child in children)
            {
                child.Dispose();
            }
        }
    }

    /// <summary>The child: warms up, then answers each line with a round's result.</summary>
    public static async Task ServeAsync(string id)
    {
        var client = await InProcessClient.StartAsync(Catalogue.Find(id));
        await WarmUpAsync(client);
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            var (nanoseconds, bytes) = Measure(client, Round);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{nanoseconds} {bytes}"));
        }
    }

    // Until the compiler has nothing more to do: it works beside us, and only once we let it.
    private static async Task WarmUpAsync(InProcessClient client)
    {
        var (compiled, quiet) = (0L, 0);
        for (var turn = 0; turn < 200 && quiet < 8; turn++)
        {
            client.Run(4_000);
            await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System);
            var now = JitInfo.GetCompiledMethodCount();
            (compiled, quiet) = (now, now == compiled ? quiet + 1 : 0);
        }
    }

    private static (double Nanoseconds, double Bytes) Measure(InProcessClient client, TimeSpan time)
    {
        const int Batch = 500;
        var (requests, bytes) = (0L, GC.GetAllocatedBytesForCurrentThread());
        var (began, spent) = (Environment.CpuUsage.TotalTime, TimeSpan.Zero);
        while (spent < time)
        {
            client.Run(Batch);
            requests += Batch;
            spent = Environment.CpuUsage.TotalTime - began;
        }

        return (spent.TotalNanoseconds / requests, (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)requests);
    }

    private static void Print(Variant[] variants, Dictionary<Variant, List<(double Nanoseconds, double Bytes)>> measured)
    {
        (double Time, double Bytes) Of(Variant variant) => (Table.Median(measured[variant].Select(one => one.Nanoseconds)), Table.Median(measured[variant].Select(one => one.Bytes)));
        var (bareTime, bareBytes) = Of(Stock.Bare);
        Table.Print(
            ["in process", "ns a request", "above bare", "bytes a request", "above bare"],
            variants.Select(variant => (Of(variant), variant.Name)).Select(row => (string[])
                [row.Name, Table.Whole(row.Item1.Time), Table.Whole(row.Item1.Time - bareTime), Table.Whole(row.Item1.Bytes), Table.Whole(row.Item1.Bytes - bareBytes)]));
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
