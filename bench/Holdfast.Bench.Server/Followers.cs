using System.Net.Http.Headers;
using System.Text.Json;

namespace Holdfast.Bench.Server;

/// <summary>What it costs a server that many applications follow its feed: processor time and memory, with nothing else to do.</summary>
internal static class Followers
{
    public static async Task RunAsync(string store, int count, TimeSpan span)
    {
        await using var server = await BenchServer.StartAsync(store);
        var (cpu, memory) = await MeasureAsync(server, span);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = count }) { BaseAddress = server.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Key);
        using var stop = new CancellationTokenSource();
        var answers = 0L;
        var following = Enumerable.Range(0, count).Select(async _ =>
        {
            string? position = null;
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    var answer = JsonDocument.Parse(await http.GetStringAsync($"/v1/feed{(position is null ? "" : $"?after={position}")}", stop.Token));
                    position = answer.RootElement.GetProperty("position").GetString();
                    Interlocked.Increment(ref answers);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }).ToArray();

        // Connections, code and buffers are made first.
        await Task.Delay(span, TimeProvider.System, CancellationToken.None);
        var before = Interlocked.Read(ref answers);
        var (cpuFollowed, memoryFollowed) = await MeasureAsync(server, span);
        var rate = (Interlocked.Read(ref answers) - before) / span.TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(following);
        Console.WriteLine($"{count:N0} followers: {rate:N0} answers/s, {cpuFollowed:N0} ms of CPU a second ({cpu:N1} without them), {memoryFollowed - memory:N0} MB more memory ({memory:N0} MB without them)");
    }

    private static async Task<(double CpuMilliseconds, double Megabytes)> MeasureAsync(BenchServer server, TimeSpan span)
    {
        var before = server.ProcessorTime;
        await Task.Delay(span, TimeProvider.System, CancellationToken.None);
        return ((server.ProcessorTime - before).TotalMilliseconds / span.TotalSeconds, server.Megabytes);
    }
}
