using System.Collections.Concurrent;
using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;

namespace Holdfast.Distributed.Tests.Load;

/// <summary>
/// How long the other nodes go on after an ending was acknowledged: from the client's receipt of the acknowledgement until the client
/// holds a node's first refusal, or that of each of its workers, so at least the time of one request. Nodes are asked without pause meanwhile.
/// </summary>
internal sealed record RevocationLatency(double Median, double P99, double Max, int Samples)
{
    /// <summary>Measures all nodes, or <paramref name="only"/> one.</summary>
    public static async Task<RevocationLatency> MeasureAsync(Deployment deployment, int endings, int? only = null)
    {
        var history = new HistoryRecorder();
        var samples = new List<double>();
        for (var ending = 0; ending < endings; ending++)
        {
            var from = only is { } node ? (node + 1) % Deployment.Size : ending % Deployment.Size;
            int[] others = only is { } one ? [one] : [(from + 1) % Deployment.Size, (from + 2) % Deployment.Size];
            var client = new Client(deployment, history, $"measured{ending}", usesTokens: ending % 2 == 0);
            Assert.True(await client.SignInAsync(from) == Outcome.Done, $"Nobody could sign in at node {from}:\n{string.Join('\n', deployment.Nodes[from].LastWords)}");
            await Task.WhenAll(others.Select(other => AllAnswerAsync(deployment, client, other, Outcome.Done)));

            var asking = others.Select(async other =>
            {
                await AllAnswerAsync(deployment, client, other, Outcome.Refused);
                return history.Now;
            }).ToArray();
            Assert.Equal(Outcome.Done, await client.EndByAdministratorAsync(from));
            var acknowledged = history.Now;
            samples.AddRange((await Task.WhenAll(asking)).Select(refused => Math.Max(0, (refused - acknowledged).TotalMilliseconds)));
        }

        samples.Sort();
        Assert.Empty(Checker.Check(history.ToHistory(), Deployment.MaxStaleness).Violations);
        return new RevocationLatency(samples[samples.Count / 2], samples[(int)(samples.Count * 0.99)], samples[^1], samples.Count);
    }

    public override string ToString() => $"median {Median:F1} ms, p99 {P99:F1} ms, max {Max:F1} ms ({Samples} samples)";

    // Until every process behind the node has given this answer; so many ask at once.
    private static async Task AllAnswerAsync(Deployment deployment, Client client, int node, Outcome wanted)
    {
        var workers = deployment.Nodes[node].Program.Workers;
        var met = new ConcurrentDictionary<string, bool>();
        await Task.WhenAll(Enumerable.Range(0, workers).Select(async _ =>
        {
            while (met.Count < workers)
            {
                var operation = await client.ObserveAsync(node);
                if (operation.Outcome == wanted)
                {
                    met.TryAdd(operation.Worker ?? "the only one", true);
                }
            }
        }));
    }
}
