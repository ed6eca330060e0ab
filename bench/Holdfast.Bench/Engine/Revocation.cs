using System.Diagnostics;

namespace Holdfast.Bench.Engine;

/// <summary>
/// How long another node goes on accepting a session whose ending was acknowledged on this one. The others check without a pause, so what
/// is measured is the node's knowledge and not the interval of whoever asks.
/// </summary>
internal static class Revocation
{
    public static async Task RunAsync(string kind, int endings)
    {
        await using var store = await SharedStore.CreateAsync(kind);
        await using var here = await Node.StartAsync(store.Open);
        await using var second = await Node.StartAsync(store.Open);
        await using var third = await Node.StartAsync(store.Open);
        var times = new List<double>();
        for (var ending = 0; ending < endings; ending++)
        {
            var signedIn = await here.SignInAsync(ending + 1);
            var (handle, cookie) = (signedIn.Session!.Handle, signedIn.Credentials!.Cookie!.Reveal());
            var watching = new[] { second, third }.Select(node => new Watch(node, cookie)).ToArray();
            await Task.WhenAll(watching.Select(watch => watch.Warm));
            await here.Sessions.EndAsync(handle, EndReason.SignedOut, Caller.Application, CancellationToken.None);
            var acknowledged = Stopwatch.GetTimestamp();
            foreach (var watch in watching)
            {
                times.Add(Math.Max(0, Stopwatch.GetElapsedTime(acknowledged, await watch.Refused).TotalMilliseconds));
            }
        }

        Table.Print(
            [$"acknowledged ending to refusal elsewhere, {kind}", "samples", "p50", "p99", "max"],
            [["", $"{times.Count}", $"{Table.Fine(Table.Median(times))} ms", $"{Table.Fine(Table.Percentile(times, 0.99))} ms", $"{Table.Fine(times.Max())} ms"]]);
    }

    // A node that checks one cookie, again and again, until it refuses it.
    private sealed class Watch
    {
        private readonly TaskCompletionSource _warm = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Watch(Node node, string cookie) => Refused = Task.Run(() => RunAsync(node, cookie));

        /// <summary>It has accepted the cookie often enough to remember it.</summary>
        public Task Warm => _warm.Task;

        /// <summary>When it first refused.</summary>
        public Task<long> Refused { get; }

        private async Task<long> RunAsync(Node node, string cookie)
        {
            for (var check = 1; await node.AcceptsAsync(cookie); check++)
            {
                if (check == 20)
                {
                    _warm.SetResult();
                }

                // On two processors the other nodes, and whoever ends the session, need a turn.
                await Task.Yield();
            }

            return Stopwatch.GetTimestamp();
        }
    }
}
