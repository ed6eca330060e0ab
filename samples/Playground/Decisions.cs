using System.Collections.Concurrent;
using Holdfast.Auditing;

namespace Playground;

/// <summary>The latest decisions of the server, for the page to show.</summary>
public sealed class Decisions : ISessionEventSink
{
    private const int Kept = 50;

    private readonly ConcurrentQueue<SessionEvent> _events = new();

    /// <inheritdoc/>
    public ValueTask WriteAsync(SessionEvent sessionEvent, CancellationToken cancellationToken)
    {
        _events.Enqueue(sessionEvent);
        while (_events.Count > Kept)
        {
            _events.TryDequeue(out _);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Newest first.</summary>
    public IEnumerable<Decision> Latest() => _events.Reverse().Select(one =>
        new Decision(one.At, one.Name, one.Outcome.ToString().ToLowerInvariant(), one.Reason, one.Handle?.ToString()));

    /// <summary>One decision.</summary>
    public sealed record Decision(DateTimeOffset At, string Name, string Outcome, string? Reason, string? Sid);
}
