using System.Collections.Concurrent;
using Holdfast.Auditing;
using Microsoft.Extensions.Logging;

namespace Holdfast.Testing;

/// <summary>Keeps every log line, with its level, event id and exception: to look for what must, and what must never, stand there.</summary>
public sealed class RecordingLog : ILoggerFactory, ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>The lines so far.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Everything is kept here.");

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held but the lines, which outlive the host that wrote them.
    }
}

/// <summary>Keeps every event.</summary>
public sealed class RecordingSink : ISessionEventSink
{
    private readonly ConcurrentQueue<SessionEvent> _events = new();

    /// <summary>The events so far, in their order.</summary>
    public IReadOnlyList<SessionEvent> Events => [.. _events];

    /// <inheritdoc/>
    public ValueTask WriteAsync(SessionEvent sessionEvent, CancellationToken cancellationToken)
    {
        _events.Enqueue(sessionEvent);
        return ValueTask.CompletedTask;
    }
}
