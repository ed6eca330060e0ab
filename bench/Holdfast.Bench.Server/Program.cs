using Holdfast.Bench.Server;

// What the server answers per second over HTTP, each kind as a share of an empty endpoint (/healthz) of the same server in the same run.
//   dotnet run -c Release --project bench/Holdfast.Bench.Server -- sqlite
//   dotnet run -c Release --project bench/Holdfast.Bench.Server -- 127.0.0.1:6379     (an empty Redis)
// ROUNDS (default 5) interleaved rounds of SECONDS_EACH (default 2) for each kind, 16 connections; rates and percentiles are medians of the rounds.
//   dotnet run -c Release --project bench/Holdfast.Bench.Server -- followers 1000     what so many followers of the feed cost
if (args is ["followers", var followers])
{
    await Followers.RunAsync("sqlite", int.Parse(followers), TimeSpan.FromSeconds(15));
    return;
}

var store = args is [var given] ? given : "sqlite";
var rounds = int.Parse(Environment.GetEnvironmentVariable("ROUNDS") ?? "5");
var each = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("SECONDS_EACH") ?? "2"));
await using var server = await BenchServer.StartAsync(store);
using var load = await Load.PrepareAsync(server);

// The first round warms up.
await load.RoundAsync(each);
load.Forget();
for (var round = 0; round < rounds; round++)
{
    await load.RoundAsync(each);
}

Console.WriteLine($"\n{(store == "sqlite" ? "SQLite" : "Redis"),-10} {"per second",12} {"share",7} {"p50 ms",9} {"p99 ms",9}");
foreach (var (name, rate, share, p50, p99) in load.Results())
{
    Console.WriteLine($"{name,-10} {rate,12:N0} {share,6:P0} {p50,9:N2} {p99,9:N2}");
}
