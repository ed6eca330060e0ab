using System.Net.Sockets;
using System.Threading.Channels;

namespace Holdfast.Distributed.Tests.Faults;

/// <summary>The weather, and the moment when it changes.</summary>
internal sealed class Sky(Weather weather)
{
    private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Weather Weather => weather;

    public Task Changed => _changed.Task;

    public void Pass() => _changed.SetResult();
}

/// <summary>One connection through the proxy.</summary>
internal sealed class Link(Socket node, Socket redis) : IDisposable
{
    private readonly bool _resets = Random.Shared.Next(2) == 1;

    public void Cut()
    {
        foreach (var socket in (Socket[])[node, redis])
        {
            if (_resets)
            {
                socket.Close(0);
            }
            else
            {
                socket.Dispose();
            }
        }
    }

    public void Dispose()
    {
        node.Dispose();
        redis.Dispose();
    }

    /// <summary>Carries bytes from one side to the other, through whatever weather there is, until a side goes.</summary>
    public async Task PumpAsync(Socket from, Socket to, Func<Sky> sky, CancellationToken cancellationToken)
    {
        var held = Channel.CreateUnbounded<(byte[] Bytes, long Since)>();
        await Task.WhenAny(TakeAsync(from, held.Writer, sky, cancellationToken), PassOnAsync(to, held.Reader, sky, cancellationToken));
    }

    private static async Task TakeAsync(Socket from, ChannelWriter<(byte[] Bytes, long Since)> held, Func<Sky> sky, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            await UntilAsync(sky, weather => weather.Reads, cancellationToken);
            var read = await from.ReceiveAsync(buffer, cancellationToken);
            if (read == 0)
            {
                return;
            }

            held.TryWrite((buffer[..read], TimeProvider.System.GetTimestamp()));
        }
    }

    private static async Task PassOnAsync(Socket to, ChannelReader<(byte[] Bytes, long Since)> held, Func<Sky> sky, CancellationToken cancellationToken)
    {
        await foreach (var (bytes, since) in held.ReadAllAsync(cancellationToken))
        {
            var left = sky().Weather.Delay - TimeProvider.System.GetElapsedTime(since);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, TimeProvider.System, cancellationToken);
            }

            await UntilAsync(sky, weather => weather.Writes, cancellationToken);
            await to.SendAsync(bytes, cancellationToken);
        }
    }

    private static async Task UntilAsync(Func<Sky> sky, Func<Weather, bool> holds, CancellationToken cancellationToken)
    {
        for (var now = sky(); !holds(now.Weather); now = sky())
        {
            await now.Changed.WaitAsync(cancellationToken);
        }
    }
}
