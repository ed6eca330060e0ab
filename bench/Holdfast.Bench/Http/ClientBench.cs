using System.Security.Cryptography;

namespace Holdfast.Bench.Http;

/// <summary>
/// The thin clients: an endpoint of Express or Flask behind Holdfast and behind what people use there, as shares of the framework alone.
/// The server runs beside wrk on the second processor; warm checks do not ask it.
/// </summary>
internal static class ClientBench
{
    private const string KeyVariable = "HOLDFAST_API_KEY";

    private static readonly string Server = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "../../../../../src/Holdfast.Server/bin/Release/net10.0/Holdfast.Server.dll"));

    public static string Express { get; } = Peer("server.mjs");

    public static async Task RunAsync(string framework)
    {
        await using var redis = await RedisProcess.StartAsync();
        using var keys = new Child("dotnet", [Server, "apps", "new-key"]);
        var key = await keys.ReadAsync();
        var url = $"http://127.0.0.1:{RedisProcess.FreePort()}";
        using var server = new Child(
            "dotnet", [Server, "serve", "--store", "memory", "--environment", "bench", "--issuer", url, "--urls", url],
            new()
            {
                [KeyVariable] = key,
                ["Holdfast__MasterSecret"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
                ["Logging__LogLevel__Default"] = "Warning",
            },
            processor: 1);
        await AnswersAsync(new Uri(url + "/readyz"));
        Dictionary<string, string> settings = new() { ["HOLDFAST_URL"] = url, [KeyVariable] = key };

        Target Of(string name, string mode, bool needsServer = false) => new(name, mode, (port, address) => framework == "express"
            ? new Child("node", [Express, mode, $"{port}", needsServer ? url : address], settings)
            : new Child("/usr/bin/python3", [Peer("server.py"), mode, $"{port}", address], settings));

        Target[] targets = framework switch
        {
            "express" =>
            [
                Of("Express alone", "bare"), Of("Holdfast, session cookie", "holdfast-cookie", true), Of("Holdfast, access token (ES256)", "holdfast-token", true),
                Of("express-session + connect-redis 9", "sessions"), Of("jose ES256", "jose"),
            ],
            "flask" =>
            [
                Of("Flask alone", "bare"), Of("Holdfast, session cookie", "holdfast-cookie"), Of("Holdfast, access token (ES256)", "holdfast-token"),
                Of("Flask-Session on Redis", "flask-session"), Of("PyJWT ES256", "pyjwt"),
            ],
            _ => throw new ArgumentException($"The framework is '{framework}': express or flask.", nameof(framework)),
        };
        await Rounds.RunAsync($"over HTTP, {framework}", targets, redis.Address);
    }

    private static string Peer(string file) => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../peers", file));

    private static async Task AnswersAsync(Uri address)
    {
        using var client = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(address, patience.Token);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, patience.Token);
        }
    }
}
