using System.Diagnostics;
using System.Text;
using Holdfast.Bench.Variants;

namespace Holdfast.Bench.Engine;

/// <summary>
/// Many live sessions beside few: bytes for each in the store and in a node's memory, and the latency of checking, listing and browsing.
/// Nothing may grow with their number.
/// </summary>
internal static class Million
{
    private const int Few = 10_000;
    private const int CookieLength = 80;

    public static async Task RunAsync(string kind, int count)
    {
        List<string[]> rows =
        [
            await MeasureAsync(kind, Few),
            await MeasureAsync(kind, count),
        ];
        Table.Print(
            [$"live sessions, {kind}", "bytes each, store", "bytes each, node", "find p50", "p99", "list p50", "p99", "browse p50", "p99", "created/s"], rows);
    }

    private static async Task<string[]> MeasureAsync(string kind, int count)
    {
        await using var store = await SharedStore.CreateAsync(kind);
        await using var writer = await Node.StartAsync(store.Open);
        var empty = await store.BytesAsync();

        // Their cookies, packed: what the node under test remembers must not be lost among them.
        var cookies = new byte[count * CookieLength];
        var handles = new SessionHandle[count];
        var clock = Stopwatch.StartNew();
        await Population.CreateAsync(writer.Services, 1, count, (number, cookie) =>
        {
            Encoding.ASCII.GetBytes(cookie.ToText().Reveal().PadRight(CookieLength), cookies.AsSpan((number - 1) * CookieLength));
            handles[number - 1] = cookie.Handle;
            return ValueTask.CompletedTask;
        });
        var perSecond = count / clock.Elapsed.TotalSeconds;
        var bytes = (await store.BytesAsync() - empty) / (double)count;

        await using var node = await Node.StartAsync(store.Open);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await CheckAllAsync(node, cookies, count);
        var remembered = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)count;

        var find = await LatencyAsync(async number => await node.Store.FindAsync(handles[number], CancellationToken.None), count);
        var list = await LatencyAsync(async number => await node.Store.ListAsync(
            SessionPolicy.DefaultTenant, Endpoints.SubjectOf(number + 1), null, 50, CancellationToken.None), count);
        string? cursor = null;
        var browse = await LatencyAsync(
            async _ => cursor = (await node.Store.BrowseAsync(SessionPolicy.DefaultTenant, cursor, 50, CancellationToken.None)).NextCursor, count);
        return [Table.Whole(count), Table.Whole(bytes), Table.Whole(remembered), .. find, .. list, .. browse, Table.Whole(perSecond)];
    }

    private static Task CheckAllAsync(Node node, byte[] cookies, int count)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var index && index < count)
            {
                if (!await node.AcceptsAsync(Encoding.ASCII.GetString(cookies, index * CookieLength, CookieLength).TrimEnd()))
                {
                    throw new InvalidOperationException("A live session was refused.");
                }
            }
        })));
    }

    private static async Task<string[]> LatencyAsync(Func<int, Task> ask, int count)
    {
        const int Samples = 2_000;
        var times = new List<double>(Samples);
        for (var sample = -Samples / 4; sample < Samples; sample++)
        {
            var began = Stopwatch.GetTimestamp();
            await ask(Random.Shared.Next(count));
            if (sample >= 0)
            {
                times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }
        }

        return [$"{Table.Whole(Table.Median(times))} µs", $"{Table.Whole(Table.Percentile(times, 0.99))} µs"];
    }
}
