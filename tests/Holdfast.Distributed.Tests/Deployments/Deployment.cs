namespace Holdfast.Distributed.Tests.Deployments;

/// <summary>Three nodes that share their sessions. What they are and where the sessions lie, its subclass says.</summary>
public abstract class Deployment : IAsyncLifetime
{
    /// <summary>How many nodes there are.</summary>
    public const int Size = 3;

    /// <summary>The bound that the nodes are given and the checker holds them to.</summary>
    public static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(1);

    /// <summary>What the engine is told, whether it is in the nodes or in a server behind them.</summary>
    private protected static readonly IReadOnlyDictionary<string, string> EngineSettings = new Dictionary<string, string>
    {
        ["Holdfast__MaxStaleness"] = MaxStaleness.ToString(),

        // Longer than any step of a clock: with SQLite that clock is the store's, and an hour ahead is an hour idle.
        ["Holdfast__IdleTimeout"] = "12:00:00",
        ["Holdfast__AbsoluteTimeout"] = "1.00:00:00",
        ["Holdfast__RecentSignIn"] = "12:00:00",
        ["Holdfast__RenewSecretAfter"] = "00:01:00",

        // All clients live at one address.
        ["Holdfast__RequestsPerMinutePerAddress"] = "0",
        ["Holdfast__RequestsPerMinutePerSession"] = "0",
    };

    // Longer than any node may take to say 503: whoever waits longer is not served.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // So many different subjects touch every partition's master, all but certainly.
    private const int Probes = 12;

    private readonly List<NodeProcess> _nodes = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = Patience }) { Timeout = Patience };

    internal IReadOnlyList<NodeProcess> Nodes => _nodes;

    internal HttpClient Http => _http;

    /// <summary>Starts the store and the nodes.</summary>
    public async ValueTask InitializeAsync()
    {
        await StartStoreAsync();
        for (var index = 0; index < Size; index++)
        {
            _nodes.Add(NodeAt(index));
        }

        // One first: it makes the store.
        await _nodes[0].StartAsync(_http);
        await Task.WhenAll(_nodes.Skip(1).Select(node => node.StartAsync(_http)));
        await WaitUntilAllAnswerAsync();
    }

    /// <summary>Stops them.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _http.Dispose();
        await StopStoreAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Sets the wall clock of a node that has a door for that, to this much off the time.</summary>
    internal async Task SetClockAsync(int node, TimeSpan offset)
    {
        using var answer = await _http.PostAsync(new Uri(_nodes[node].Address, $"/admin/clock/{(int)offset.TotalSeconds}"), null);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Until everybody can sign in on every node, and is known there.</summary>
    internal async Task WaitUntilAllAnswerAsync()
    {
        foreach (var node in _nodes)
        {
            await Eventually.IsTrueAsync(async () =>
            {
                var probes = await Task.WhenAll(Enumerable.Range(0, Probes).Select(probe => AnswersAsync(node, $"probe{probe}")));
                return probes.All(answers => answers);
            });
        }
    }

    protected abstract Task StartStoreAsync();

    protected abstract ValueTask StopStoreAsync();

    /// <summary>One of the nodes, not yet started.</summary>
    private protected abstract NodeProcess NodeAt(int index);

    private async Task<bool> AnswersAsync(NodeProcess node, string subject)
    {
        try
        {
            using var signIn = await _http.PostAsync(new Uri(node.Address, $"/tokens/{subject}"), null);
            return signIn.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
