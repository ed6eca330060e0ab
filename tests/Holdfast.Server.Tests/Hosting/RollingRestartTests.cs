using System.Collections.Concurrent;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Tests.Hosting;

/// <summary>
/// Two servers on one Redis, restarted one after the other under load. Property tests of what always holds: no race or lost answer signs a
/// legitimate client out (3), and nothing that was acknowledged is lost.
/// </summary>
public sealed class RollingRestartTests
{
    private const int Clients = 6;
    private const int RequestsBetweenSteps = 120;

    [Fact]
    [Requirement("RT-03")]
    public async Task A_rolling_restart_fails_no_request_and_signs_nobody_out() => await RunAsync(
        async (one, other, progress) =>
        {
            foreach (var node in new[] { one, other })
            {
                await progress();
                Assert.Equal(0, await node.StopAsync());
                await progress();
                await node.StartAgainAsync();
            }

            await progress();
        },
        allowedFailures: 0);

    [Fact]
    [Requirement("RT-03")]
    public async Task A_killed_server_fails_at_most_what_was_in_flight_on_it_and_signs_nobody_out() => await RunAsync(
        async (one, other, progress) =>
        {
            await progress();
            await one.KillAsync();
            await progress();
            await one.StartAgainAsync();
            await progress();
            await other.KillAsync();
            await progress();
        },
        // One request a client, at each of two kills. With a connection for each: one that is kept would let a request fail that was sent after the kill.
        allowedFailures: 2 * Clients,
        keepConnections: false);

    private static async Task RunAsync(Func<ServerProcess, ServerProcess, Func<Task>, Task> disturb, int allowedFailures, bool keepConnections = true)
    {
        using var directory = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync();
        (string, string)[] settings =
        [
            ("Holdfast__Store", "redis"), ("Holdfast__ConnectionString", redis.ConnectionString),
            ("Holdfast__MasterSecret", Convert.ToBase64String(Holdfast.Tokens.Secret.New().Reveal())), (FirstApplication.Variable, RunningServer.FirstKey.Reveal()),
        ];
        await using var one = await ServerProcess.StartNodeAsync(directory.Path, "https://holdfast.test", settings);
        await using var other = await ServerProcess.StartNodeAsync(directory.Path, "https://holdfast.test", settings);
        using var balancer = new Balancer([one.Address, other.Address], keepConnections);

        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(() => LiveAsync(balancer, $"user-{client}", stop.Token))).ToArray();
        await disturb(one, other, () => balancer.AfterAsync(RequestsBetweenSteps));
        await stop.CancelAsync();
        var tokens = await Task.WhenAll(clients);

        Assert.True(balancer.Failures.Count <= allowedFailures, string.Join('\n', balancer.Failures));
        Assert.All(balancer.Failures, failure => Assert.DoesNotMatch("^5", failure));
        foreach (var token in tokens)
        {
            Assert.Equal("live", (await new ApiCaller(balancer.Http, RunningServer.FirstKey.Reveal()).VerifyTokenAsync(token))["status"]);
        }
    }

    // A client with a cookie session and a token session, both used all the time. What failed is tried again, as any client would.
    private static async Task<string> LiveAsync(Balancer balancer, string user, CancellationToken stop)
    {
        var caller = new ApiCaller(balancer.Http, RunningServer.FirstKey.Reveal());
        var cookie = await caller.SignInAsync(user);
        var tokens = await caller.SignInAsync(user, "tokens");
        var (refresh, access) = (tokens.RefreshToken, tokens.AccessToken);
        while (!stop.IsCancellationRequested)
        {
            if (await balancer.TryAsync(() => caller.VerifyCookieAsync(cookie.Cookie, renew: true)) is { } verified)
            {
                Assert.Equal("live", verified["status"]);
            }

            var form = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", refresh), new("client_id", "default"), new("client_secret", caller.Key)]);
            if (await balancer.TryAsync(async () => await ApiAnswer.OfAsync(await balancer.Http.PostAsync("/oauth2/token", form))) is { } refreshed)
            {
                Assert.Equal(200, refreshed.Status);
                (refresh, access) = (refreshed["refresh_token"]!, refreshed["access_token"]!);
            }
        }

        return access;
    }

    /// <summary>
    /// A proxy's view: requests go round among the servers that say that they are ready, asked well within DrainTime; one that refuses the
    /// connection has not seen the request, so the next one gets it.
    /// </summary>
    private sealed class Balancer : IDisposable
    {
        private readonly ConcurrentQueue<string> _failures = new();
        private int _answered;

        public Balancer(Uri[] servers, bool keepConnections) => Http = new HttpClient(new Round(servers, keepConnections)) { BaseAddress = servers[0], Timeout = TimeSpan.FromSeconds(30) };

        public HttpClient Http { get; }

        public IReadOnlyCollection<string> Failures => _failures;

        public async Task<ApiAnswer?> TryAsync(Func<Task<ApiAnswer>> send)
        {
            try
            {
                var answer = await send();
                Interlocked.Increment(ref _answered);
                if (answer.Status < 500)
                {
                    return answer;
                }

                _failures.Enqueue($"{answer.Status} {answer.Text}");
            }
            catch (HttpRequestException exception)
            {
                _failures.Enqueue($"{exception.HttpRequestError} {exception.Message}");
            }

            return null;
        }

        /// <summary>Completes when so many more requests have been answered.</summary>
        public async Task AfterAsync(int requests)
        {
            var target = Volatile.Read(ref _answered) + requests;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (Volatile.Read(ref _answered) < target)
            {
                await timer.WaitForNextTickAsync();
            }
        }

        public void Dispose() => Http.Dispose();

        private sealed class Round : DelegatingHandler
        {
            private static readonly TimeSpan ReadinessInterval = TimeSpan.FromMilliseconds(100);

            private readonly CancellationTokenSource _closed = new();
            private readonly HttpClient _probe = new() { Timeout = TimeSpan.FromSeconds(1) };
            private readonly Uri[] _all;
            private Uri[] _ready;
            private int _next;

            public Round(Uri[] servers, bool keepConnections)
                : base(new SocketsHttpHandler
                {
                    UseCookies = false,
                    ConnectTimeout = TimeSpan.FromSeconds(2),
                    PooledConnectionLifetime = keepConnections ? Timeout.InfiniteTimeSpan : TimeSpan.Zero,
                })
            {
                (_all, _ready) = (servers, servers);
                _ = WatchAsync();
            }

            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                var path = request.RequestUri!.PathAndQuery;
                var (ready, turn) = (_ready, Interlocked.Increment(ref _next));
                Uri[] servers = [.. ready.Skip(turn % Math.Max(1, ready.Length)), .. _all];
                for (var attempt = 0; ; attempt++)
                {
                    request.RequestUri = new Uri(servers[attempt], path);
                    try
                    {
                        return await base.SendAsync(request, cancellationToken);
                    }
                    catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConnectionError && attempt + 1 < servers.Length)
                    {
                        // Nobody listened there.
                    }
                }
            }

            protected override void Dispose(bool disposing)
            {
                _closed.Cancel();
                base.Dispose(disposing);
            }

            private async Task WatchAsync()
            {
                using var timer = new PeriodicTimer(ReadinessInterval);
                while (await timer.WaitForNextTickAsync(_closed.Token))
                {
                    var answers = await Task.WhenAll(_all.Select(IsReadyAsync));
                    _ready = [.. _all.Where((_, index) => answers[index])];
                }
            }

            private async Task<bool> IsReadyAsync(Uri server)
            {
                try
                {
                    using var answer = await _probe.GetAsync(new Uri(server, "/readyz"));
                    return answer.IsSuccessStatusCode;
                }
                catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
                {
                    return false;
                }
            }
        }
    }
}
