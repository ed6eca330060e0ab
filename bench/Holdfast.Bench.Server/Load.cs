using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Holdfast.Bench.Server;

/// <summary>Callers that each have a connection, a cookie session and a token session, and ask one kind of question at a time.</summary>
internal sealed class Load : IDisposable
{
    private const int Callers = 16;

    private readonly HttpClient _http;
    private readonly string _key;
    private readonly string[] _cookies = new string[Callers];
    private readonly string[] _refreshTokens = new string[Callers];
    private readonly ConcurrentBag<string> _created = [];
    private readonly Dictionary<string, List<Measured>> _rounds = [];

    private Load(BenchServer server)
    {
        _key = server.Key;
        _http = new HttpClient(new SocketsHttpHandler { UseCookies = false, MaxConnectionsPerServer = Callers }) { BaseAddress = server.Address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Key);
    }

    public static async Task<Load> PrepareAsync(BenchServer server)
    {
        var load = new Load(server);
        for (var caller = 0; caller < Callers; caller++)
        {
            load._cookies[caller] = (await load.CreateAsync("cookie")).GetProperty("cookies")[0].GetProperty("value").GetString()!;
            load._refreshTokens[caller] = (await load.CreateAsync("tokens")).GetProperty("tokens").GetProperty("refresh_token").GetString()!;
        }

        return load;
    }

    /// <summary>Each kind once, one after the other.</summary>
    public async Task RoundAsync(TimeSpan each)
    {
        await MeasureAsync("empty", each, async _ => Check(await _http.GetAsync("/healthz")));
        await MeasureAsync("create", each, async _ => _created.Add((await CreateAsync("cookie")).GetProperty("session").GetProperty("sid").GetString()!));
        await MeasureAsync("verify", each, async caller =>
        {
            using var answer = Check(await _http.PostAsJsonAsync("/v1/verify", new { cookie = _cookies[caller] }));
            Require((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString() == "live");
        });
        await MeasureAsync("refresh", each, async caller =>
        {
            // The key travels in the body: the Authorization header is the API's.
            using var request = new HttpRequestMessage(HttpMethod.Post, "/oauth2/token")
            {
                Content = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", _refreshTokens[caller])]),
                Headers = { Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"default:{_key}"))) },
            };
            using var answer = Check(await _http.SendAsync(request));
            _refreshTokens[caller] = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh_token").GetString()!;
        });

        // What the round created is what it ends.
        await MeasureAsync("end", each, async _ =>
        {
            if (_created.TryTake(out var sid))
            {
                Check(await _http.DeleteAsync($"/v1/sessions/{sid}"));
            }
        }, () => _created.IsEmpty);
    }

    public void Forget() => _rounds.Clear();

    public IEnumerable<(string Name, double Rate, double Share, double P50, double P99)> Results()
    {
        var empty = Median(_rounds["empty"].Select(round => round.Rate));
        return _rounds.Select(kind => (
            kind.Key, Median(kind.Value.Select(round => round.Rate)), Median(kind.Value.Select(round => round.Rate)) / empty,
            Median(kind.Value.Select(round => round.P50)), Median(kind.Value.Select(round => round.P99))));
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> CreateAsync(string transport)
    {
        using var answer = Check(await _http.PostAsJsonAsync("/v1/sessions", new { subject = $"user-{Random.Shared.Next(1_000_000)}", transport, amr = new[] { "pwd" } }));
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task MeasureAsync(string name, TimeSpan each, Func<int, Task> ask, Func<bool>? isOver = null)
    {
        var began = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var own = new List<double>();
            while (Stopwatch.GetElapsedTime(began) < each && isOver?.Invoke() != true)
            {
                var asked = Stopwatch.GetTimestamp();
                await ask(caller);
                own.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }

            return own;
        })));
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double[] all = [.. times.SelectMany(own => own).Order()];
        if (!_rounds.TryGetValue(name, out var rounds))
        {
            _rounds.Add(name, rounds = []);
        }

        rounds.Add(new Measured(all.Length / elapsed, all[all.Length / 2], all[(int)(all.Length * 0.99)]));
    }

    // A refusal is fast, and no result.
    private static HttpResponseMessage Check(HttpResponseMessage answer)
    {
        Require(answer.IsSuccessStatusCode);
        return answer;
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("The server refused a request: what would be measured is not the work.");
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered[ordered.Length / 2];
    }

    private sealed record Measured(double Rate, double P50, double P99);
}
