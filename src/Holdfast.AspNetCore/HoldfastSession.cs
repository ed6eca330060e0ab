using System.Text.Json;
using Holdfast.AspNetCore.Transport;
using Holdfast.Data;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore;

/// <summary>
/// The session of one request, for the application: who it is, and its data by field. A write is durable when it returns, and
/// requests that write different fields side by side lose nothing.
/// </summary>
public sealed class HoldfastSession
{
    private readonly HttpContext _context;
    private readonly RequestSession _request;
    private readonly SessionManager _manager;

    internal HoldfastSession(HttpContext context, RequestSession request)
    {
        _context = context;
        _request = request;
        _manager = context.RequestServices.GetRequiredService<SessionManager>();
    }

    /// <summary>What happened to the session in this request, so far.</summary>
    public SessionOutcome Outcome => _request.Outcome;

    /// <summary>Its public name; null if there is no live session.</summary>
    public SessionHandle? Handle => _request.Live?.Handle;

    /// <summary>Who is signed in; null for visitors.</summary>
    public string? Subject => _request.Live?.Subject;

    /// <summary>The whole record; null if there is no live session. Asks the store, unless it was asked for this request already.</summary>
    public ValueTask<Session?> RecordAsync(CancellationToken cancellationToken = default) => _request.RecordAsync(cancellationToken);

    /// <summary>One field, read as JSON; the default of <typeparamref name="T"/> if it was never written.</summary>
    public async ValueTask<T?> GetAsync<T>(string field, CancellationToken cancellationToken = default)
    {
        var data = await ReadAsync(cancellationToken);
        return data.Fields.TryGetValue(field, out var found) ? JsonSerializer.Deserialize<T>(found.Value.Span, JsonSerializerOptions.Web) : default;
    }

    /// <summary>Writes one field as JSON. A visitor without a session is given an anonymous one for it.</summary>
    /// <exception cref="SessionDataException">It was not written; unhandled, the client gets the problem that it names.</exception>
    public ValueTask SetAsync<T>(string field, T value, CancellationToken cancellationToken = default) =>
        WriteAsync([new DataChange(field, JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web))], cancellationToken);

    /// <summary>Removes one field; nothing happens if it is not there.</summary>
    public ValueTask RemoveAsync(string field, CancellationToken cancellationToken = default) =>
        Handle is null ? ValueTask.CompletedTask : WriteAsync([new DataChange(field, null)], cancellationToken);

    /// <summary>All fields with their versions; empty without a session.</summary>
    public async ValueTask<SessionData> ReadAsync(CancellationToken cancellationToken = default) =>
        Handle is { } handle ? await _manager.ReadDataAsync(handle, cancellationToken) ?? SessionData.Empty : SessionData.Empty;

    /// <summary>
    /// Writes and removes several fields, all of them or none; <see cref="DataChange.ExpectedVersion"/> makes it conditional.
    /// </summary>
    /// <exception cref="SessionDataException">Nothing was written.</exception>
    public async ValueTask WriteAsync(IReadOnlyCollection<DataChange> changes, CancellationToken cancellationToken = default)
    {
        var handle = Handle ?? await StartAnonymousAsync(cancellationToken);
        var status = await _manager.WriteDataAsync(handle, changes, cancellationToken);
        if (status != DataWriteStatus.Written)
        {
            throw new SessionDataException(status);
        }
    }

    private async ValueTask<SessionHandle> StartAnonymousAsync(CancellationToken cancellationToken)
    {
        if (_context.Response.HasStarted)
        {
            throw new InvalidOperationException("A visitor's first session data must be written before the response starts: its cookie travels in the headers.");
        }

        var started = await _manager.StartAnonymousAsync(RequestSession.Tenant, RequestSession.DeviceOf(_context), _request.Caller, cancellationToken);
        if (started.Session is not { } session)
        {
            throw new SessionDataException(DataWriteStatus.NotLive);
        }

        CookieRules.AppendCredentials(_context, session, started.Credentials!, session.CreatedAt);
        _request.Started(session);
        return session.Handle;
    }
}

/// <summary>Session data was not written. Unhandled, the client gets problem details with <see cref="Reason"/>.</summary>
public sealed class SessionDataException : Exception
{
    internal SessionDataException(DataWriteStatus status)
        : base(status switch
        {
            DataWriteStatus.TooLarge => "The session's data would exceed its limit. Keep large values in your own tables and their keys here.",
            DataWriteStatus.Conflict => "A field was changed by another request since it was read.",
            DataWriteStatus.Frozen => "The session is becoming a signed-in one in another request. Try again.",
            _ => "The session has ended.",
        })
        => Status = status;

    /// <summary>What became of the write.</summary>
    public DataWriteStatus Status { get; }

    /// <summary>The reason code that the client is told.</summary>
    public string Reason => Status switch
    {
        DataWriteStatus.TooLarge => Reasons.DataTooLarge,
        DataWriteStatus.Conflict or DataWriteStatus.Frozen => Reasons.Conflict,
        _ => Reasons.SessionRevoked,
    };

    internal string? Setting => Status == DataWriteStatus.TooLarge ? nameof(HoldfastOptions.MaxDataBytes) : null;
}
