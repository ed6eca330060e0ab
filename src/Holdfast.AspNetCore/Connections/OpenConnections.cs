using System.Collections.Concurrent;
using Holdfast.Auditing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore.Connections;

/// <summary>
/// The connections that outlive their request's check: WebSockets, server-sent events, SignalR. An ending on this node cuts them in the
/// same step; endings elsewhere, and limits that were reached, are found by asking the store every <see cref="RecheckInterval"/>.
/// </summary>
internal sealed partial class OpenConnections : BackgroundService
{
    /// <summary>How long a connection may stay open without its session being looked at again.</summary>
    public static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Connection, byte> _open = new();
    private readonly ConcurrentDictionary<SessionHandle, int> _counts = new();
    private readonly SessionManager _sessions;
    private readonly SessionEvents _events;
    private readonly TimeProvider _clock;
    private readonly ILogger<OpenConnections> _logger;

    public OpenConnections(SessionManager sessions, SessionEvents events, TimeProvider clock, ILogger<OpenConnections> logger)
    {
        (_sessions, _events, _clock, _logger) = (sessions, events, clock, logger);
        _events.Recorded += OnRecorded;
    }

    /// <summary>How many there are.</summary>
    public int Count => _open.Count;

    /// <summary>Whether a request turns its connection into a WebSocket or the like, wherever in the chain that is done.</summary>
    public static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>
    /// Holds a connection to its session until the result is disposed. An ending that came before this call is noticed here.
    /// </summary>
    public async ValueTask<IDisposable> AddAsync(SessionHandle handle, string tenant, string? subject, Action cut, CancellationToken cancellationToken)
    {
        var connection = new Connection(this, handle, tenant, subject, cut);
        _counts.AddOrUpdate(handle, 1, (_, count) => count + 1);
        _open[connection] = 0;
        try
        {
            if (await _sessions.FindLiveAsync(handle, cancellationToken) is null)
            {
                Cut(connection, "ended");
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Looks at every session that has connections, and cuts those that do not live, or of which nobody knows.</summary>
    public async Task RecheckAsync(CancellationToken cancellationToken)
    {
        foreach (var (handle, _) in _counts)
        {
            try
            {
                if (await _sessions.FindLiveAsync(handle, cancellationToken) is null)
                {
                    CutAll(connection => connection.Handle == handle, "ended");
                }
            }
            catch (StoreUnavailableException)
            {
                CutAll(connection => connection.Handle == handle, "store_unavailable");
            }
        }
    }

    public override void Dispose()
    {
        _events.Recorded -= OnRecorded;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RecheckInterval, _clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await RecheckAsync(stoppingToken);
        }
    }

    private void OnRecorded(SessionEvent recorded)
    {
        if (_open.IsEmpty)
        {
            return;
        }

        switch (recorded.Type)
        {
            case SessionEventType.SignedOut or SessionEventType.SessionEnded or SessionEventType.SessionExpired
                or SessionEventType.SessionEvicted or SessionEventType.TokenReused when _counts.ContainsKey(recorded.Handle ?? default):
                CutAll(connection => connection.Handle == recorded.Handle, recorded.Name);
                break;

            case SessionEventType.SubjectEnded:
                CutAll(
                    connection => connection.Tenant == recorded.Tenant && connection.Subject is { } subject
                        && SessionEvents.OneLine(subject) == recorded.Subject && connection.Handle != recorded.Handle,
                    recorded.Name);
                break;

            case SessionEventType.EveryoneEnded:
                CutAll(connection => connection.Tenant == recorded.Tenant, recorded.Name);
                break;
        }
    }

    private void CutAll(Func<Connection, bool> which, string reason)
    {
        foreach (var (connection, _) in _open.Where(one => which(one.Key)))
        {
            Cut(connection, reason);
        }
    }

    private void Cut(Connection connection, string reason)
    {
        LogCut(connection.Handle, reason);
        connection.Dispose();
        try
        {
            connection.Cut();
        }
        catch (ObjectDisposedException)
        {
            // It closed by itself meanwhile.
        }
    }

    private void Remove(Connection connection)
    {
        if (!_open.TryRemove(connection, out _))
        {
            return;
        }

        while (_counts.TryGetValue(connection.Handle, out var count))
        {
            var done = count == 1
                ? _counts.TryRemove(KeyValuePair.Create(connection.Handle, count))
                : _counts.TryUpdate(connection.Handle, count - 1, count);
            if (done)
            {
                return;
            }
        }
    }

    [LoggerMessage(1050, LogLevel.Information, "Cut a connection of session {Handle}: {Reason}.")]
    private partial void LogCut(SessionHandle handle, string reason);

    private sealed class Connection(OpenConnections owner, SessionHandle handle, string tenant, string? subject, Action cut) : IDisposable
    {
        public SessionHandle Handle => handle;

        public string Tenant => tenant;

        public string? Subject => subject;

        public Action Cut => cut;

        public void Dispose() => owner.Remove(this);
    }
}
