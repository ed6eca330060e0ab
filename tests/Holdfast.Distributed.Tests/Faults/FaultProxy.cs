using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Holdfast.Distributed.Tests.Faults;

/// <summary>
/// Stands between one node and what it talks to: one fixed target, or every Redis. For those it is an HTTP proxy (CONNECT), which the client library is told to go
/// through by <c>tunnel=http:host:port</c> in the connection string: so whatever addresses a cluster or a sentinel names, the node
/// reaches them through here, and nothing in Redis or in the node has to know.
/// </summary>
internal sealed partial class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Link, bool> _links = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly IPEndPoint? _target;
    private Sky _sky = new(Weather.Calm);
    private (int From, int To) _route;

    /// <summary>Starts it.</summary>
    /// <param name="target">Where every connection goes, for who knows of no proxies (a replica). Null: where the connection says.</param>
    public FaultProxy(IPEndPoint? target = null)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections go through it now.</summary>
    public int Connections => _links.Count;

    /// <summary>Changes what happens to all connections, the open ones included.</summary>
    public void Set(Weather weather) => Interlocked.Exchange(ref _sky, new Sky(weather)).Pass();

    /// <summary>From now on connections to one port go to another: what an address does that moves with the master.</summary>
    public void Route(int from, int to) => _route = (from, to);

    /// <summary>Cuts every open connection: half of them politely, half by a reset.</summary>
    public void Cut()
    {
        foreach (var link in _links.Keys)
        {
            link.Cut();
        }
    }

    /// <summary>Cuts one connection after the other, at random moments that are <paramref name="mean"/> apart.</summary>
    public async Task CutAtRandomAsync(TimeSpan mean, Random random, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(mean * -Math.Log(1 - random.NextDouble()), TimeProvider.System, CancellationToken.None);
            Link[] open = [.. _links.Keys];
            if (open.Length > 0)
            {
                open[random.Next(open.Length)].Cut();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Cut();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var node = await _listener.AcceptSocketAsync(_stop.Token);
                node.NoDelay = true;
                _ = ServeAsync(node);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Stopping, or a connection that was gone before it was accepted.
            }
        }
    }

    private async Task ServeAsync(Socket node)
    {
        using var redis = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var link = new Link(node, redis);
        try
        {
            var target = _target ?? Routed(await ReadTargetAsync(node));
            if (!_sky.Weather.Accepts)
            {
                return;
            }

            await redis.ConnectAsync(target, _stop.Token);
            _links.TryAdd(link, true);
            if (_target is null)
            {
                await node.SendAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _stop.Token);
            }

            // One direction that ends, ends both: whoever closed its side wants the connection gone.
            await Task.WhenAny(link.PumpAsync(node, redis, () => _sky, _stop.Token), link.PumpAsync(redis, node, () => _sky, _stop.Token));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException or InvalidDataException)
        {
            // The connection fails, as connections do.
        }
        finally
        {
            _links.TryRemove(link, out _);
        }
    }

    private IPEndPoint Routed(IPEndPoint target) => target.Port == _route.From ? new IPEndPoint(target.Address, _route.To) : target;

    private async Task<IPEndPoint> ReadTargetAsync(Socket node)
    {
        var buffer = new byte[512];
        var length = 0;
        while (length < buffer.Length && !buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            var read = await node.ReceiveAsync(buffer.AsMemory(length), _stop.Token);
            length += read > 0 ? read : throw new InvalidDataException("The node went before it said whither.");
        }

        var request = ConnectLine().Match(Encoding.ASCII.GetString(buffer, 0, length));
        return request.Success ? IPEndPoint.Parse(request.Groups[1].Value) : throw new InvalidDataException("This proxy takes CONNECT and an address alone.");
    }

    [GeneratedRegex("^CONNECT ([0-9.]+:[0-9]+) HTTP/1.1\r\n")]
    private static partial Regex ConnectLine();
}
