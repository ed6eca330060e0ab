using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;

namespace Holdfast.Distributed.Tests.Load;

/// <summary>
/// How long the other nodes go on after an ending was acknowledged: from the client's receipt of the acknowledgement until the client
/// holds a node's first refusal, so at least the time of one request. Nodes are asked without pause meanwhile.
/// </summary>
internal sealed record RevocationLatency(double Median, double P99, double Max, int Samples)
{
    public static async Task<RevocationLatency> MeasureAsync(Deployment deployment, int endings)
    {
        var history = new HistoryRecorder();
        var samples = new List<double>();
        for (var ending = 0; ending < endings; ending++)
        {
            var client = new Client(deployment, history, $"measured{ending}", usesTokens: ending % 2 == 0);
            Assert.Equal(Outcome.Done, await client.SignInAsync(ending % Deployment.Size));
            int[] others = [(ending + 1) % Deployment.Size, (ending + 2) % Deployment.Size];
            foreach (var node in others)
            {
                Assert.Equal(Outcome.Done, await client.CheckAsync(node));
            }

            var asking = others.Select(node => FirstRefusalAsync(client, history, node)).ToArray();
            Assert.Equal(Outcome.Done, await client.EndByAdministratorAsync(ending % Deployment.Size));
            var acknowledged = history.Now;
            samples.AddRange((await Task.WhenAll(asking)).Select(refused => Math.Max(0, (refused - acknowledged).TotalMilliseconds)));
        }

        samples.Sort();
        Assert.Empty(Checker.Check(history.ToHistory(), Deployment.MaxStaleness).Violations);
        return new RevocationLatency(samples[samples.Count / 2], samples[(int)(samples.Count * 0.99)], samples[^1], samples.Count);
    }

    public override string ToString() => $"median {Median:F1} ms, p99 {P99:F1} ms, max {Max:F1} ms ({Samples} samples)";

    private static async Task<TimeSpan> FirstRefusalAsync(Client client, HistoryRecorder history, int node)
    {
        while (await client.CheckAsync(node) == Outcome.Done)
        {
        }

        return history.Now;
    }
}
