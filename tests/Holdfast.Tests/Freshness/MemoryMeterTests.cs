using System.Diagnostics.Metrics;
using Holdfast.Freshness;

namespace Holdfast.Tests.Freshness;

/// <summary>What operators collect of a node's memory.</summary>
public sealed class MemoryMeterTests
{
    [Fact]
    public async Task The_meter_says_whether_the_lease_has_lapsed_and_how_many_sessions_are_remembered()
    {
        using var engine = await Engine.StartedAsync();
        using var meter = new MemoryMeter(engine.Memory);
        using var collected = new Collected();
        Assert.Equal((1, 0), (collected["holdfast.lease.lapsed"], collected["holdfast.memory.sessions"]));

        Assert.True(await engine.CatchUpAsync());
        await engine.CheckAsync((await engine.SignInAsync()).Credentials!);
        Assert.Equal((0, 1), (collected["holdfast.lease.lapsed"], collected["holdfast.memory.sessions"]));
        Assert.True(collected["holdfast.memory.size"] > 0);

        engine.Clock.Advance(engine.Options.MaxStaleness);
        Assert.Equal(1, collected["holdfast.lease.lapsed"]);
    }

    private sealed class Collected : IDisposable
    {
        private readonly Dictionary<string, long> _last = [];
        private readonly MeterListener _listener = new();

        public Collected()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == MemoryMeter.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => _last[instrument.Name] = value);
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => _last[instrument.Name] = value);
            _listener.Start();
        }

        public long this[string instrument]
        {
            get
            {
                _listener.RecordObservableInstruments();
                return _last[instrument];
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
