using System.Collections.Concurrent;
using Holdfast.Freshness;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore.Connections;

/// <summary>
/// The connections that outlive their request's check: WebSockets, server-sent events, SignalR. An ending cuts them as soon as this node
/// learns of it, whichever node it came from. The store is asked when one opens, when a session reaches its limits, after a gap in the feed, and every
/// <see cref="Patience"/> without a lease; if it is silent then, they are cut as well.
/// </summary>
internal sealed partial class OpenConnections : BackgroundService
{
    /// <summary>How long a connection may stay open while nothing vouches for its session.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Connection, byte> _open = new();
    private readonly ConcurrentDictionary<SessionHandle, int> _counts = new();
    private readonly SessionManager _sessions;
    private readonly SessionMemory _memory;
    private readonly TimeProvider _clock;
    private readonly ILogger<OpenConnections> _logger;
    private long _vouchedAt;
    private int _gaps;

    public OpenConnections(SessionManager sessions, SessionMemory memory, TimeProvider clock, ILogger<OpenConnections> logger)
    {
        (_sessions, _memory, _clock, _logger) = (sessions, memory, clock, logger);
        _vouchedAt = clock.GetTimestamp();
        _memory.Learned += OnLearned;
        _memory.StartedOver += OnStartedOver;
    }

    /// <summary>How many there are.</summary>
    public int Count => _open.Count;

    /// <summary>Whether a request turns its connection into a WebSocket or the like, wherever in the chain that is done.</summary>
    public static bool IsUpgrade(HttpContext context) =>
        (context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }) || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

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
            await RecheckAsync([connection], cancellationToken);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Looks at the sessions that have reached a limit; at all of them if nothing vouches for them.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var isVouched = _memory is { IsFollowed: true, Lapsed: 0 };
        var all = Interlocked.Exchange(ref _gaps, 0) > 0 || (!isVouched && _clock.GetElapsedTime(_vouchedAt) >= Patience);
        if (isVouched || all)
        {
            _vouchedAt = _clock.GetTimestamp();
        }

        var now = _memory.Clock.GetUtcNow();
        foreach (var connections in _open.Keys.Where(one => all || one.EndsAt <= now).GroupBy(one => one.Handle).ToArray())
        {
            try
            {
                await RecheckAsync([.. connections], cancellationToken);
            }
            catch (StoreUnavailableException) when (all)
            {
                // It will not answer for the others either, and each would wait for it.
                CutAll(_ => true, "store_unavailable");
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogUnjudged(exception, connections.Key);
                CutAll(connections.Contains, "store_unavailable");
            }
        }
    }

    public override void Dispose()
    {
        _memory.Learned -= OnLearned;
        _memory.StartedOver -= OnStartedOver;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookInterval, _clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await LookAsync(stoppingToken);
        }
    }

    // Connections of one session.
    private async Task RecheckAsync(IReadOnlyList<Connection> connections, CancellationToken cancellationToken)
    {
        var session = await _sessions.FindLiveAsync(connections[0].Handle, cancellationToken);
        foreach (var connection in connections)
        {
            if (session is null)
            {
                Cut(connection, "ended");
            }
            else
            {
                connection.EndsAt = SessionPolicy.EndsAt(session);
            }
        }
    }

    private void OnLearned(FeedEntry entry)
    {
        if (_open.IsEmpty)
        {
            return;
        }

        switch (entry.Kind)
        {
            case FeedEntryKind.SessionEnded when _counts.ContainsKey(entry.Handle!.Value):
                CutAll(connection => connection.Handle == entry.Handle, EndReasons.Name(entry.Reason));
                break;

            case FeedEntryKind.SubjectEnded:
                CutAll(
                    connection => connection.Tenant == entry.Tenant && connection.Subject == entry.Subject && connection.Handle != entry.Handle,
                    EndReasons.Name(entry.Reason));
                break;

            case FeedEntryKind.EveryoneEnded:
                CutAll(connection => connection.Tenant == entry.Tenant, EndReasons.Name(entry.Reason));
                break;
        }
    }

    private void OnStartedOver(int partition) => Interlocked.Increment(ref _gaps);

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

    [LoggerMessage(1051, LogLevel.Warning, "Nobody could say whether session {Handle} lives: its connections are cut.")]
    private partial void LogUnjudged(Exception exception, SessionHandle handle);

    [LoggerMessage(1050, LogLevel.Information, "Cut a connection of session {Handle}: {Reason}.")]
    private partial void LogCut(SessionHandle handle, string reason);

    private sealed class Connection(OpenConnections owner, SessionHandle handle, string tenant, string? subject, Action cut) : IDisposable
    {
        public SessionHandle Handle => handle;

        public string Tenant => tenant;

        public string? Subject => subject;

        public Action Cut => cut;

        /// <summary>When the session meets a limit unless it is used, by the store's clock, as of the last look.</summary>
        public DateTimeOffset EndsAt { get; set; }

        public void Dispose() => owner.Remove(this);
    }
}
