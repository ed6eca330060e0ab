using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Holdfast.Auditing;

/// <summary>
/// Between requests and the sinks: bounded, so that a slow sink costs a request at most <see cref="Patience"/>, and never silent: an
/// event that no sink took is a critical log line.
/// </summary>
public sealed partial class SessionEventQueue(IEnumerable<ISessionEventSink> sinks, TimeProvider clock, ILogger<SessionEventQueue> logger)
{
    /// <summary>How many events wait at most.</summary>
    public const int Capacity = 10_000;

    /// <summary>How long a full queue may hold up one request.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ISessionEventSink[] _sinks = [.. sinks];
    private readonly Channel<Item> _channel = Channel.CreateBounded<Item>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Hands an event to the sinks' task.</summary>
    public async ValueTask EnqueueAsync(SessionEvent sessionEvent)
    {
        var item = new Item(sessionEvent, null);
        if (_sinks.Length == 0 || _channel.Writer.TryWrite(item))
        {
            return;
        }

        using var patience = new CancellationTokenSource(Patience, clock);
        try
        {
            await _channel.Writer.WriteAsync(item, patience.Token);
        }
        catch (OperationCanceledException)
        {
            LogNotDelivered(sessionEvent.Name);
        }
    }

    /// <summary>Delivers until cancelled. One task runs it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var item in _channel.Reader.ReadAllAsync(cancellationToken))
        {
            await DeliverAsync(item, cancellationToken);
        }
    }

    /// <summary>Delivers what still waits, after <see cref="RunAsync"/> was cancelled.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (_channel.Reader.TryRead(out var item))
        {
            await DeliverAsync(item, cancellationToken);
        }
    }

    /// <summary>Completes when everything enqueued before has been delivered.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _channel.Writer.WriteAsync(new Item(null, reached), cancellationToken);
        await reached.Task.WaitAsync(cancellationToken);
    }

    private async ValueTask DeliverAsync(Item item, CancellationToken cancellationToken)
    {
        item.Reached?.SetResult();
        if (item.Event is not { } sessionEvent)
        {
            return;
        }

        foreach (var sink in _sinks)
        {
            try
            {
                await sink.WriteAsync(sessionEvent, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogSinkFailed(exception, sink.GetType().Name, sessionEvent.Name);
            }
        }
    }

    [LoggerMessage(1010, LogLevel.Critical, "The sinks are too slow: event {Event} stands only in this log.")]
    private partial void LogNotDelivered(string @event);

    [LoggerMessage(1011, LogLevel.Error, "{Sink} failed to take event {Event}.")]
    private partial void LogSinkFailed(Exception exception, string sink, string @event);

    private readonly record struct Item(SessionEvent? Event, TaskCompletionSource? Reached);
}
