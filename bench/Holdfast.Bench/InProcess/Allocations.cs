using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using Holdfast.Bench.Variants;

namespace Holdfast.Bench.InProcess;

/// <summary>What a request allocates, by type: the runtime tells of one object every 100 KB, so a type's share of what it tells is its share of the bytes.</summary>
internal sealed class Allocations : EventListener
{
    private const int GarbageCollection = 1;
    private readonly ConcurrentDictionary<string, int> _seen = new();

    public static async Task RunAsync(string id)
    {
        var client = await InProcessClient.StartAsync(Catalogue.Find(id));
        client.Run(200_000);
        const int Requests = 300_000;
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var listener = new Allocations();
        client.Run(Requests);
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Requests;
        var total = (double)listener._seen.Values.Sum();
        Table.Print(
            [$"{id}: type", "bytes a request", "share"],
            listener._seen.OrderByDescending(one => one.Value).Take(40).Select(one => (string[])
                [$"`{one.Key}`", Table.Whole(bytes * one.Value / total), (one.Value / total).ToString("P1", CultureInfo.InvariantCulture)]));
        Console.WriteLine($"{bytes:N0} bytes in all, {total:N0} samples");
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
        {
            EnableEvents(eventSource, EventLevel.Verbose, (EventKeywords)GarbageCollection);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("GCAllocationTick", StringComparison.Ordinal) == true && eventData.Payload?[5] is string type)
        {
            _seen.AddOrUpdate(type, 1, (_, count) => count + 1);
        }
    }
}
