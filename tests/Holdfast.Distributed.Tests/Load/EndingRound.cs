using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;

namespace Holdfast.Distributed.Tests.Load;

/// <summary>
/// Somebody who signs in on one or two devices, about which every node is asked all the time, and ends one or all of them in one of the
/// five ways that there are. The asking goes on until well after the bound.
/// </summary>
internal sealed class EndingRound(Deployment deployment, HistoryRecorder history, string subject, int way)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan Before = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan After = Deployment.MaxStaleness + TimeSpan.FromMilliseconds(400);

    private readonly Random _random = new(way);

    /// <summary>How long it takes while nothing is wrong.</summary>
    public static TimeSpan Length => Before + After;

    /// <summary>The devices.</summary>
    public List<Client> Sessions { get; } = [];

    public async Task RunAsync(CancellationToken stop)
    {
        using var watching = new CancellationTokenSource();
        var watches = new List<Task>();
        for (var device = 0; device < (way % 5 is 0 or 2 ? 1 : 2); device++)
        {
            var client = new Client(deployment, history, subject, usesTokens: UsesTokens(device));
            await UntilAsync(() => client.SignInAsync(AnyNode()), stop);
            if (client.Session is not null)
            {
                Sessions.Add(client);
                watches.AddRange(Enumerable.Range(0, Deployment.Size).Select(node => WatchAsync(client, node, watching.Token)));
            }
        }

        if (Sessions.Count > 0)
        {
            await Task.Delay(Before, TimeProvider.System, CancellationToken.None);
            await UntilAsync(() => EndAsync(Sessions[0]), stop);
            await Task.Delay(After, TimeProvider.System, CancellationToken.None);
        }

        await watching.CancelAsync();
        await Task.WhenAll(watches);
    }

    private bool UsesTokens(int device) => (way + device) % 3 == 0;

    private Task<Outcome> EndAsync(Client client) => (way % 5) switch
    {
        0 => client.SignOutAsync(AnyNode()),
        1 => client.EndOthersAsync(AnyNode()),
        2 => client.EndByAdministratorAsync(AnyNode()),
        3 => client.EndAllAsync(AnyNode()),
        _ => client.EndSubjectByAdministratorAsync(AnyNode()),
    };

    // Again, on whatever node, as long as nobody says yes or no.
    private static async Task UntilAsync(Func<Task<Outcome>> attempt, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace, TimeProvider.System);
        while (await attempt() is Outcome.Unavailable or Outcome.NoAnswer or Outcome.Conflict && !stop.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static async Task WatchAsync(Client client, int node, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace, TimeProvider.System);
        while (!stop.IsCancellationRequested)
        {
            if (await client.CheckAsync(node) == Outcome.TokenExpired)
            {
                client.Keep(await client.RefreshAsync(node));
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private int AnyNode() => _random.Next(Deployment.Size);
}
