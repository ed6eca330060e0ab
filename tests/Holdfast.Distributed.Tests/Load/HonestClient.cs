using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;

namespace Holdfast.Distributed.Tests.Load;

/// <summary>
/// Somebody whom nobody ends: goes from node to node, checks, and refreshes as clients do at their worst: from several tabs at once, and
/// again when an answer was lost. Must stay signed in, whatever happens to the nodes.
/// </summary>
internal sealed class HonestClient(Deployment deployment, HistoryRecorder history, string subject, int number)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    // An abandoned request may still be under way. Overtaken by two rotations, it is what a thief's would be: no client refreshes that fast.
    private static readonly TimeSpan PauseAfterGivingUp = TimeSpan.FromSeconds(5);

    private readonly Random _random = new(number);
    private TimeSpan _refreshesFrom;

    /// <summary>Its session, for the last look at everything; one more if it had to sign in again.</summary>
    public List<Client> Sessions { get; } = [];

    public async Task RunAsync(CancellationToken stop)
    {
        var client = NewSession();
        using var pace = new PeriodicTimer(Pace, TimeProvider.System);
        while (!stop.IsCancellationRequested)
        {
            client = await ActAsync(client);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task<Client> ActAsync(Client client)
    {
        if (client.Session is null)
        {
            await client.SignInAsync(AnyNode());
            return client;
        }

        if (client.UsesTokens && history.Now >= _refreshesFrom && _random.Next(5) == 0)
        {
            await RefreshAsync(client);
            return client;
        }

        switch (await client.CheckAsync(AnyNode()))
        {
            case Outcome.TokenExpired when history.Now >= _refreshesFrom:
                client.Keep(await client.RefreshAsync(AnyNode()));
                return client;
            case Outcome.Refused:
                return NewSession();
            default:
                return client;
        }
    }

    private async Task RefreshAsync(Client client)
    {
        switch (_random.Next(3))
        {
            case 0:
                client.Keep(await client.RefreshAsync(AnyNode()));
                return;
            case 1:
                var tabs = await Task.WhenAll(Enumerable.Range(0, Deployment.Size).Select(node => client.RefreshAsync(node)));
                client.Keep(tabs.FirstOrDefault(answered => answered is not null));
                return;
            default:
                await client.RefreshAsync(AnyNode(), giveUpAfter: TimeSpan.FromMilliseconds(_random.NextDouble() * 15));
                client.Keep(await client.RefreshAsync(AnyNode()));
                _refreshesFrom = history.Now + PauseAfterGivingUp;
                return;
        }
    }

    private Client NewSession()
    {
        var client = new Client(deployment, history, subject, usesTokens: number % 2 == 0);
        Sessions.Add(client);
        return client;
    }

    private int AnyNode() => _random.Next(Deployment.Size);
}
