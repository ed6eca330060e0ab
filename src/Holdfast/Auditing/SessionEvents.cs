using Microsoft.Extensions.Logging;

namespace Holdfast.Auditing;

/// <summary>Records events: a structured log line each, then the sinks.</summary>
public sealed partial class SessionEvents(TimeProvider clock, SessionEventQueue queue, ILogger<SessionEvents> logger)
{
    private const int MaxText = 256;

    /// <summary>
    /// Raised in the step that records an event, before any sink has it: for what must happen at once on this node, such as cutting the
    /// connections of a session that ended. A handler must be quick and must not throw.
    /// </summary>
    public event Action<SessionEvent>? Recorded;

    /// <summary>Records one event; its time is now. It never fails the request that caused it.</summary>
    public async ValueTask RecordAsync(SessionEvent sessionEvent)
    {
        var clean = sessionEvent with
        {
            At = clock.GetUtcNow(),
            Subject = OneLine(sessionEvent.Subject),
            Reason = OneLine(sessionEvent.Reason),
            Address = OneLine(sessionEvent.Address),
            UserAgent = OneLine(sessionEvent.UserAgent),
            CorrelationId = OneLine(sessionEvent.CorrelationId),
        };
        var level = clean.Outcome switch
        {
            EventOutcome.Success => LogLevel.Information,
            EventOutcome.Refused => LogLevel.Warning,
            _ => LogLevel.Critical,
        };
        Log(
            level, clean.Name, clean.Outcome, clean.Reason, clean.Tenant, clean.Subject, clean.Handle, clean.Actor, clean.Client,
            clean.Address, clean.UserAgent, clean.CorrelationId, clean.CredentialHash);
        Recorded?.Invoke(clean);
        await queue.EnqueueAsync(clean);
    }

    /// <summary>Text from a client as it may stand in a record: no control characters or line breaks, at most 256 characters.</summary>
    public static string? OneLine(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var cut = text.Length > MaxText ? text[..MaxText] : text;
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (var index = 0; index < span.Length; index++)
            {
                // U+2028 and U+2029 break lines for some readers of logs, and so do the controls.
                span[index] = char.IsControl(source[index]) || source[index] is '\u2028' or '\u2029' ? ' ' : source[index];
            }
        });
    }

    [LoggerMessage(EventId = 1000, Message = "{Event} {Outcome} reason={Reason} tenant={Tenant} subject={Subject} sid={Handle} actor={Actor} client={Client} address={Address} agent={UserAgent} request={CorrelationId} credential={CredentialHash}")]
    private partial void Log(
        LogLevel level, string @event, EventOutcome outcome, string? reason, string tenant, string? subject, SessionHandle? handle, string actor,
        string? client, string? address, string? userAgent, string? correlationId, string? credentialHash);
}
