using System.Globalization;
using Holdfast.Bench.InProcess;
using Holdfast.Bench.Variants;
using Microsoft.AspNetCore.Hosting.Server;

namespace Holdfast.Bench.Engine;

/// <summary>What a node costs that does nothing: it holds one session, and follows its store.</summary>
internal static class Following
{
    // What starting leaves to do, compiling above all, is not what idling costs.
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(15);

    public static async Task RunAsync(string kind, int seconds)
    {
        await using var redis = await RedisProcess.StartAsync();
        var rows = new List<string[]>();
        foreach (var (name, store) in new[] { ("an idle application without Holdfast", "none"), ($"an idle node on {kind}", kind) })
        {
            using var child = new Child(["idle", store, redis.Address]);
            await child.ReadAsync();
            await Task.Delay(SettlingTime, TimeProvider.System);
            var (calls, cpu) = (await redis.CallsAsync(), Number(await child.AskAsync("cpu")));
            await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
            cpu = Number(await child.AskAsync("cpu")) - cpu;
            var made = (await redis.CallsAsync()).Select(command => (command.Key, Value: command.Value - calls.GetValueOrDefault(command.Key)))
                .Where(command => command is { Value: > 0, Key: not "info" }).OrderByDescending(command => command.Value).ToArray();
            var commands = string.Join(", ", made.Select(command => $"{command.Key} {Table.Fine((double)command.Value / seconds)}"));
            rows.Add([name, $"{Table.Fine(cpu / seconds)} ms", Table.Fine(made.Sum(command => command.Value) / (double)seconds), commands]);
        }

        Table.Print([$"in {seconds} s", "processor time/s", "Redis commands/s", "which (those inside scripts included)"], rows);
    }

    /// <summary>The child: holds one session, and answers each line with the milliseconds of processor time it has used.</summary>
    public static async Task ServeAsync(string store, string redis)
    {
        await using var app = (store == "none" ? Stock.Bare : Holdfasts.Cookie).Build(
            new Backing(store, redis), builder => builder.Services.AddSingleton<IServer>(new InProcessServer()));
        await app.StartAsync();
        if (store != "none")
        {
            await Population.SignInAsync(app.Services, 1);
        }

        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            Console.WriteLine(Environment.CpuUsage.TotalTime.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
