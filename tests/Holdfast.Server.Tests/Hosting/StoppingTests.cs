using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Server.Tests.Hosting;

/// <summary>A server that is told to stop.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task What_was_seen_is_written_before_it_ends()
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        server.Clock.Advance(TimeSpan.FromMinutes(5));
        await server.First.VerifyCookieAsync(session.Cookie);
        await server.StopAsync();
        SessionHandle.TryParse(session.Sid, out var handle);
        Assert.Equal(server.Clock.GetUtcNow(), (await server.Store.FindAsync(handle, CancellationToken.None)).Session!.LastSeenAt);
    }

    [Fact]
    public async Task A_request_under_way_is_answered_before_it_ends()
    {
        await using var server = await RunningServer.StartAsync();
        const string Body = """{ "subject": "ada" }""";
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {RunningServer.FirstKey.Reveal()}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {Body.Length}\r\n\r\n"));
        using var reader = new StreamReader(stream);

        // It asks for the body: the request is under way.
        Assert.Equal("HTTP/1.1 100 Continue", await reader.ReadLineAsync());
        await reader.ReadLineAsync();
        var stopping = server.StopAsync();
        Assert.False(stopping.IsCompleted);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Body));
        Assert.Equal("HTTP/1.1 201 Created", await reader.ReadLineAsync());
        await stopping;
    }

    [Fact]
    public async Task While_it_drains_it_serves_says_that_connections_close_and_is_not_ready()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:DrainTime", "00:00:10"));
        Assert.Equal(200, (await server.First.GetAsync("/readyz")).Status);
        var stopping = server.StopAsync();
        var served = await server.First.PostAsync("/v1/sessions", new { subject = "ada" });
        Assert.Equal((201, true), (served.Status, served.Response.Headers.ConnectionClose));
        Assert.Equal((503, 200), ((await server.First.GetAsync("/readyz")).Status, (await server.First.GetAsync("/healthz")).Status));
        server.Clock.Advance(TimeSpan.FromSeconds(10));
        await stopping;
    }
}
