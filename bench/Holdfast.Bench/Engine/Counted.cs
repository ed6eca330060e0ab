using Holdfast.Bench.Variants;
using Holdfast.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Bench.Engine;

/// <summary>What is asked of the store, counted and not timed. Two nodes share one store; what the second does is counted.</summary>
internal static class Counted
{
    private const int Idle = 1000;

    public static async Task RunAsync()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var store = new ObservedStore(new MemorySessionStore(clock));
        await using var elsewhere = await Node.StartAsync(_ => store, clock);
        await using var node = await Node.StartAsync(_ => store, clock);
        var cookie = (await elsewhere.SignInAsync(1)).Credentials!.Cookie!.Reveal();
        var tokens = (await elsewhere.SignInAsync(2, SessionTransport.Tokens)).Credentials!;
        var rows = new List<string[]>();

        async Task CountAsync(string what, Func<Task<bool>> step)
        {
            var (reads, writes, documents) = (store.Reads, store.Writes, store.DocumentReads);
            var outcome = await step();
            rows.Add([what, $"{store.Reads - reads}", $"{store.Writes - writes}", $"{store.DocumentReads - documents}"]);
            if (!outcome)
            {
                throw new InvalidOperationException($"Refused: {what}.");
            }
        }

        async Task<bool> TokenAsync() => (await node.Sessions.CheckAccessTokenAsync(
            tokens.AccessToken!.Text.Reveal(), node.Terms, Caller.Application, CancellationToken.None)).Refusal == Refusal.None;

        await CountAsync("first check of a cookie", async () => await node.AcceptsAsync(cookie));
        await CountAsync("every further check", async () => await node.AcceptsAsync(cookie));
        await CountAsync("first check of an access token", TokenAsync);
        await CountAsync("every further check of it", TokenAsync);
        await CountAsync("a refresh", async () => (await node.Sessions.RefreshAsync(
            tokens.RefreshToken!.Reveal(), node.Terms, Caller.Application, CancellationToken.None)).Refusal == Refusal.None);
        await Population.CreateAsync(node.Services, 10, Idle, async (_, one) => await node.CheckAsync(one.ToText().Reveal()));
        await CountAsync($"an idle hour of two nodes and {Idle:N0} sessions", () => HourAsync(clock));
        Table.Print(["calls of the store", "reads", "writes", "documents"], rows);
    }

    // In steps of a second, with a moment for whatever each of them wakes.
    private static async Task<bool> HourAsync(FakeTimeProvider clock)
    {
        for (var second = 0; second < 3600; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        return true;
    }
}
