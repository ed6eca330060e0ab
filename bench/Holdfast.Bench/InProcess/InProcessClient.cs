using Holdfast.Bench.Variants;
using Microsoft.AspNetCore.Hosting.Server;

namespace Holdfast.Bench.InProcess;

/// <summary>One variant in this process, signed in, and asked as fast as it goes on one thread.</summary>
internal sealed class InProcessClient
{
    private readonly IRequestRunner _runner;
    private readonly IHeaderDictionary[] _requests;
    private readonly string _method;
    private int _turn;

    private InProcessClient(IRequestRunner runner, IHeaderDictionary[] requests, string method) => (_runner, _requests, _method) = (runner, requests, method);

    public static async Task<InProcessClient> StartAsync(Variant variant)
    {
        var server = new InProcessServer();
        var app = variant.Build(Backing.Memory, builder => builder.Services.AddSingleton<IServer>(server));
        await app.StartAsync();
        var request = server.Runner.Request;
        request.Send("POST", "/sign-in", Headers(""));
        await server.Runner.RunAsync();
        var lines = request.ResponseHeaders.SetCookie is { Count: > 0 } cookies
            ? string.Join('\n', cookies.Select(cookie => "Cookie: " + cookie!.Split(';')[0])) : request.ResponseText;
        var client = new InProcessClient(server.Runner, [.. lines.Split('\n').Select(Headers)], variant.Method);
        await client.CheckAsync();
        return client;
    }

    /// <summary>So many requests, none of which may wait for anything.</summary>
    public void Run(int count)
    {
        for (var index = 0; index < count; index++)
        {
            _runner.Request.Send(_method, "/", _requests[_turn++ % _requests.Length]);
            var running = _runner.RunAsync();
            if (!running.IsCompletedSuccessfully || _runner.Request.StatusCode != 200)
            {
                throw new InvalidOperationException($"A request waited or was refused: {_runner.Request.StatusCode}.");
            }
        }
    }

    // What is fast and wrong is no result.
    private async Task CheckAsync()
    {
        _runner.Request.Send(_method, "/", _requests[0]);
        await _runner.RunAsync();
        if (_runner.Request.StatusCode != 200 || _runner.Request.ResponseText != Endpoints.SubjectOf(1))
        {
            throw new InvalidOperationException($"The endpoint answers {_runner.Request.StatusCode} '{_runner.Request.ResponseText}'.");
        }
    }

    private static HeaderDictionary Headers(string line)
    {
        var headers = new HeaderDictionary { ["Host"] = "127.0.0.1", ["User-Agent"] = "bench/1.0" };
        foreach (var header in line.Split('\t', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = (header[..header.IndexOf(':')], header[(header.IndexOf(':') + 2)..]);
            headers[name] = value;
        }

        return headers;
    }
}
