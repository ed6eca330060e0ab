using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Freshness;

/// <summary>What this node's memory holds, and whether it may answer, for whoever collects the meter <c>Holdfast</c>.</summary>
internal sealed class MemoryMeter : IHostedService, IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Holdfast";

    private readonly Meter _meter;

    public MemoryMeter(SessionMemory memory, IMeterFactory? meters = null)
    {
        _meter = meters?.Create(Name) ?? new Meter(Name);
        _meter.CreateObservableGauge(
            "holdfast.lease.lapsed", () => memory.Lapsed, "{partition}", "Partitions of the store whose freshness lease has lapsed: their checks ask the store. 0 is healthy.");
        _meter.CreateObservableGauge("holdfast.memory.sessions", () => memory.Count, "{session}", "Live sessions that this node remembers.");
        _meter.CreateObservableGauge("holdfast.memory.size", () => memory.Bytes, "By", "About how much memory they take.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();
}
