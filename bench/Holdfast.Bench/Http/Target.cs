namespace Holdfast.Bench.Http;

/// <summary>A server under load, and what was measured of it.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Id">What a command line calls it.</param>
/// <param name="Start">Starts it on a port, with the address of Redis.</param>
internal sealed record Target(string Name, string Id, Func<int, string, Child> Start) : IDisposable
{
    private readonly string _credentials = Path.GetTempFileName();
    private int _port;
    private Child? _server;

    /// <summary>What its clients send; null: what its sign-in gives.</summary>
    public string? Headers { get; init; }

    public List<Load> Measured { get; } = [];

    /// <summary>Of the bare endpoint's requests a second, measured just before.</summary>
    public List<double> Shares { get; } = [];

    public async Task StartAsync(string redis)
    {
        // Chosen now: a port that was free minutes ago may be a connection's of the load since.
        _port = RedisProcess.FreePort();
        _server = Start(_port, redis);
        await _server.ReadAsync();
    }

    /// <summary>Signs in, since tokens are short-lived, and loads it.</summary>
    public async Task<Load> LoadAsync(int seconds)
    {
        await File.WriteAllTextAsync(_credentials, Headers ?? await SignInAsync());
        return await Wrk.RunAsync(new Uri($"http://127.0.0.1:{_port}/"), _credentials, seconds);
    }

    public void Dispose()
    {
        _server?.Dispose();
        File.Delete(_credentials);
    }

    private async Task<string> SignInAsync()
    {
        // A million sign-ins take their time on a store that writes to disk.
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}"), Timeout = TimeSpan.FromHours(1) };
        using var answer = await client.PostAsync("/sign-in", null);
        answer.EnsureSuccessStatusCode();
        return answer.Headers.TryGetValues("Set-Cookie", out var cookies)
            ? "Cookie: " + cookies.First().Split(';')[0] : await answer.Content.ReadAsStringAsync();
    }
}
