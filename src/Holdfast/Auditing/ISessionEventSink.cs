namespace Holdfast.Auditing;

/// <summary>Receives every event, in order, beside the log: to show it, to keep it, or to send it elsewhere.</summary>
public interface ISessionEventSink
{
    /// <summary>
    /// Takes one event. It is called from one background task, never from a request. An exception is logged, and that event is not
    /// delivered again.
    /// </summary>
    ValueTask WriteAsync(SessionEvent sessionEvent, CancellationToken cancellationToken);
}
