using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Faults;
using Holdfast.Distributed.Tests.Load;

namespace Holdfast.Distributed.Tests;

/// <summary>Three processes on one SQLite file.</summary>
public sealed class SqliteFaultTests(SqliteDeployment sqlite) : IClassFixture<SqliteDeployment>
{
    [Fact]
    public async Task An_ending_reaches_every_process_at_once_while_nothing_is_wrong()
    {
        var latency = await RevocationLatency.MeasureAsync(sqlite, endings: 100);
        FaultReport.Add(sqlite, latency);
        Assert.InRange(latency.Median, 0, 50);
        Assert.InRange(latency.Max, 0, Deployment.MaxStaleness.TotalMilliseconds);
    }

    [Fact]
    public Task Undisturbed_nobody_hears_503() => FaultRun.OfAsync(sqlite, "none", run => run.LastForEndingsAsync(5));

    [Fact]
    [Requirement("LO-02", "CR-08")]
    public Task Processes_come_and_go_and_no_ending_is_forgotten() => FaultRun.OfAsync(sqlite, "processes killed and terminated", async run =>
    {
        await run.RestartAsync(0, kill: true);
        await run.LastForEndingsAsync(3);
        await run.RestartAsync(2, kill: false);
    });

    [Fact]
    public Task Processes_whose_clocks_are_an_hour_off_keep_every_promise() =>
        FaultRun.OfAsync(sqlite, "clocks set by +1 h and -1 h", run => run.StepClocksAsync(() => run.LastForEndingsAsync(5)));
}
