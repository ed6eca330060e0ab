using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Faults;
using Holdfast.Distributed.Tests.Load;

namespace Holdfast.Distributed.Tests;

/// <summary>Express processes and four Flask workers in front of one server, and what goes wrong between them.</summary>
public sealed class ClientsFaultTests(ClientsDeployment clients) : IClassFixture<ClientsDeployment>
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(ClientsDeployment.Express, "Express")]
    [InlineData(ClientsDeployment.Flask, "Flask, all four workers")]
    public async Task An_ending_reaches_every_process_at_once_while_nothing_is_wrong(int node, string name)
    {
        var latency = await RevocationLatency.MeasureAsync(clients, endings: 50, node);
        FaultReport.Add(clients, latency, name);
        Assert.InRange(latency.Median, 0, Deployment.MaxStaleness.TotalMilliseconds / 4);
    }

    [Fact]
    public Task Undisturbed_nobody_hears_503() => FaultRun.OfAsync(clients, "none", run => run.LastForEndingsAsync(5));

    [Fact]
    public async Task A_feed_that_is_cut_logs_nobody_out_and_hides_no_ending()
    {
        var verdict = await FaultRun.OfAsync(clients, "connections cut at random, then Express and Flask cut off", async run =>
        {
            run.Disturb(DisturbanceKind.Store);
            using var stop = new CancellationTokenSource();
            var cutting = clients.Proxies.Select((proxy, number) => proxy.CutAtRandomAsync(TimeSpan.FromMilliseconds(300), new Random(number), stop.Token)).ToArray();
            await run.LastForEndingsAsync(5);
            await Task.WhenAll(DuringAsync(run, Weather.Refusing, ClientsDeployment.Express), DuringAsync(run, Weather.Refusing, ClientsDeployment.Flask));
            await stop.CancelAsync();
            await Task.WhenAll(cutting);
        });
        Assert.True(verdict.Unavailable > 0, "The cut was never noticed.");
    }

    [Theory]
    [InlineData(ClientsDeployment.Express, ClientsDeployment.Flask, "Express stalled, Flask buffered")]
    [InlineData(ClientsDeployment.Flask, ClientsDeployment.Express, "Flask stalled, Express buffered")]
    public async Task Stalled_and_buffered_connections_show_as_503_on_their_nodes_alone(int stalled, int buffered, string name)
    {
        var verdict = await FaultRun.OfAsync(clients, name, run =>
            Task.WhenAll(DuringAsync(run, Weather.Stalled, stalled), DuringAsync(run, Weather.Buffering, buffered)));
        Assert.True(verdict.Unavailable > 0, "The stall was never noticed.");
    }

    [Fact]
    public async Task A_stopped_server_shows_as_503_and_as_nothing_else()
    {
        var verdict = await FaultRun.OfAsync(clients, "the server stopped (SIGSTOP)", async run =>
        {
            run.Disturb(DisturbanceKind.Store);
            clients.Server.Pause();
            await run.LastAsync(Stall);
            clients.Server.Continue();
        });
        Assert.True(verdict.Unavailable > 0, "The stop was never noticed.");
    }

    [Fact]
    public Task A_server_that_was_killed_comes_back_with_every_session_and_every_ending() => FaultRun.OfAsync(clients, "the server killed", async run =>
    {
        run.Disturb(DisturbanceKind.Store);
        await clients.Server.KillAsync();
        await clients.Server.StartAsync(clients.Http);
    });

    [Fact]
    public Task Nodes_come_and_go_and_no_ending_is_forgotten() => FaultRun.OfAsync(clients, "Express killed, gunicorn terminated", async run =>
    {
        await run.RestartAsync(ClientsDeployment.Express, kill: true);
        await run.LastForEndingsAsync(3);
        await run.RestartAsync(ClientsDeployment.Flask, kill: false);
    });

    private async Task DuringAsync(FaultRun run, Weather weather, int node)
    {
        run.Disturb(DisturbanceKind.Store, node);
        clients.Proxies[node].Set(weather);
        if (!weather.Accepts)
        {
            clients.Proxies[node].Cut();
        }

        await run.LastAsync(Stall);
        clients.Proxies[node].Set(Weather.Calm);
    }
}
