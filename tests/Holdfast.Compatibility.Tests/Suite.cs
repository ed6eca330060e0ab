using Holdfast.Compatibility.Tests;
using Holdfast.Compatibility.Tests.Backends;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(Suite))]
[assembly: Parallelization(MaxThreads = 4)]

namespace Holdfast.Compatibility.Tests;

/// <summary>What all tests share: a browser, the processes, and the sessions that grow old while the other tests run.</summary>
public sealed class Suite : IAsyncLifetime
{
    internal Chromium Chromium { get; } = new();

    internal Deployment Deployment { get; private set; } = null!;

    internal IReadOnlyDictionary<string, AgingSessions> Aging { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Chromium.InitializeAsync();
        await Programs.RunAsync(Backend.Repository, "samples/prepare");

        // As short as the settings go: an idle session ends two minutes after its last use, a remembered one a little over a minute after its sign-in.
        Deployment = await Deployment.StartAsync(
            ("IdleTimeout", "00:01:00"), ("RememberedIdleTimeout", "00:01:00"), ("RememberedAbsoluteTimeout", "00:01:10"), ("AccessTokenLifetime", "00:00:30"));
        var aging = Backend.All.Select(async backend => (backend.Name, Sessions: await AgingSessions.StartAsync(this, backend.Name))).ToArray();
        Aging = (await Task.WhenAll(aging)).ToDictionary(one => one.Name, one => one.Sessions);
    }

    public async ValueTask DisposeAsync()
    {
        await Chromium.DisposeAsync();
        await Deployment.DisposeAsync();
    }

    /// <summary>A browser of its own, and an account of its own.</summary>
    internal Task<Visitor> VisitorAsync(string backend) => Visitor.ComeAsync(Chromium.Browser, Deployment[backend].Address);
}
