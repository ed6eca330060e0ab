using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Distributed.Tests.Faults;

/// <summary>The proxy does to connections what it says.</summary>
public sealed class FaultProxyTests : IAsyncLifetime
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly FaultProxy _proxy = new();
    private readonly TcpClient _client = new();
    private TcpClient? _accepted;

    public async ValueTask InitializeAsync()
    {
        _server.Start();
        await ConnectAsync(_client);
        _accepted = await _server.AcceptTcpClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _client.Dispose();
        _accepted!.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task In_calm_weather_bytes_arrive_both_ways()
    {
        await SendAsync(_client, "question");
        Assert.Equal("question", await ReceiveAsync(_accepted!, 8));
        await SendAsync(_accepted!, "answer");
        Assert.Equal("answer", await ReceiveAsync(_client, 6));
    }

    [Fact]
    public async Task A_stalled_proxy_accepts_and_keeps_silent_and_afterwards_nothing_is_lost()
    {
        _proxy.Set(Weather.Stalled);
        await SendAsync(_client, "question");
        using var newcomer = new TcpClient();
        await ConnectAsync(newcomer);
        await SendAsync(newcomer, "another");
        Assert.Equal(0, _accepted!.Available);
        _proxy.Set(Weather.Calm);
        Assert.Equal("question", await ReceiveAsync(_accepted, 8));
    }

    [Fact]
    public async Task A_buffer_passes_on_what_it_took_in_one_burst()
    {
        _proxy.Set(Weather.Buffering);
        await SendAsync(_client, "one,");
        await SendAsync(_client, "two");
        Assert.Equal(0, _accepted!.Available);
        _proxy.Set(Weather.Calm);
        Assert.Equal("one,two", await ReceiveAsync(_accepted, 7));
    }

    [Fact]
    public async Task A_delay_is_added_to_every_exchange()
    {
        _proxy.Set(Weather.Slow(TimeSpan.FromMilliseconds(200)));
        var started = TimeProvider.System.GetTimestamp();
        await SendAsync(_client, "question");
        await ReceiveAsync(_accepted!, 8);
        await SendAsync(_accepted!, "answer");
        await ReceiveAsync(_client, 6);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, 195, 5000);
    }

    [Fact]
    public async Task Cut_connections_are_gone_and_new_ones_are_refused_until_the_weather_changes()
    {
        _proxy.Set(Weather.Refusing);
        _proxy.Cut();
        Assert.True(await IsGoneAsync(_client));
        using var newcomer = new TcpClient();
        await Assert.ThrowsAsync<EndOfStreamException>(() => ConnectAsync(newcomer));
        _proxy.Set(Weather.Calm);
        using var later = new TcpClient();
        await ConnectAsync(later);
        Assert.Equal(1, _proxy.Connections);
    }

    [Fact]
    public async Task Cuts_at_random_reach_an_open_connection()
    {
        using var stop = new CancellationTokenSource();
        var cutting = _proxy.CutAtRandomAsync(TimeSpan.FromMilliseconds(5), new Random(1), stop.Token);
        Assert.True(await IsGoneAsync(_client));
        await stop.CancelAsync();
        await cutting;
    }

    private async Task ConnectAsync(TcpClient client)
    {
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        await SendAsync(client, $"CONNECT {_server.LocalEndpoint} HTTP/1.1\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK\r\n\r\n", await ReceiveAsync(client, 19));
    }

    private static async Task SendAsync(TcpClient client, string text) => await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReceiveAsync(TcpClient client, int length)
    {
        var buffer = new byte[length];
        await client.GetStream().ReadExactlyAsync(buffer);
        return Encoding.ASCII.GetString(buffer);
    }

    private static async Task<bool> IsGoneAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
