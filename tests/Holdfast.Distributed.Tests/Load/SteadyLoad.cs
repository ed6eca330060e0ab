using System.Collections.Concurrent;
using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;

namespace Holdfast.Distributed.Tests.Load;

/// <summary>Honest clients and endings, side by side, until it is stopped; then one last look at every session on every node.</summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private const int HonestClients = 10;
    private const int EndingsAtOnce = 5;

    private static int _loads;

    // What an earlier run left under way must not meet the people of this one.
    private readonly int _load = Interlocked.Increment(ref _loads);
    private readonly Deployment _deployment;
    private readonly HistoryRecorder _history;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Client> _sessions = new();
    private readonly Task _running;
    private int _rounds;

    private SteadyLoad(Deployment deployment, HistoryRecorder history)
    {
        (_deployment, _history) = (deployment, history);
        _running = Task.WhenAll(
            [.. Enumerable.Range(0, HonestClients).Select(StayAsync), .. Enumerable.Range(0, EndingsAtOnce).Select(lane => Task.Run(() => EndAsync(lane)))]);
    }

    public static SteadyLoad Start(Deployment deployment, HistoryRecorder history) => new(deployment, history);

    /// <summary>Waits until so many more endings have been acknowledged: a measure of progress that no slow machine upsets.</summary>
    public Task WaitForEndingsAsync(int more)
    {
        var enough = _history.Endings + more;
        return Eventually.IsTrueAsync(() => _history.Endings >= enough);
    }

    /// <summary>Lets every request finish, and asks every node about every session that ever was.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _running;
        foreach (var some in _sessions.Where(client => client.Session is not null).Chunk(8))
        {
            await Task.WhenAll(some.SelectMany(client => Enumerable.Range(0, Deployment.Size).Select(client.CheckAsync)));
        }
    }

    /// <summary>Stops it, also where a run failed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task StayAsync(int number)
    {
        var client = new HonestClient(_deployment, _history, $"honest{_load}-{number}", number);
        await Task.Run(() => client.RunAsync(_stop.Token));
        client.Sessions.ForEach(_sessions.Enqueue);
    }

    private async Task EndAsync(int lane)
    {
        // One after the other, so that endings come evenly.
        await Task.Delay(lane * EndingRound.Length / EndingsAtOnce, TimeProvider.System, CancellationToken.None);
        while (!_stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _rounds);
            var round = new EndingRound(_deployment, _history, $"leaver{_load}-{number}", number);
            await round.RunAsync(_stop.Token);
            round.Sessions.ForEach(_sessions.Enqueue);
        }
    }
}
