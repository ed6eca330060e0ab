using Microsoft.AspNetCore.SignalR;

namespace Holdfast.AspNetCore.Connections;

/// <summary>
/// SignalR: a hub's connection ends with its session, whatever its transport, and a call on it is a use of the session by its user. Pings
/// are not.
/// </summary>
internal sealed class HubSessions(OpenConnections connections, SessionManager sessions, TimeProvider clock) : IHubFilter
{
    private static readonly object Registration = new();
    private static readonly object LastSeen = new();

    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        if (SessionOf(context.Context) is { } handle)
        {
            context.Context.Items[LastSeen] = clock.GetUtcNow();
            context.Context.Items[Registration] = await connections.AddAsync(
                handle, RequestSession.Tenant, Principals.SubjectOf(context.Context.User!), context.Context.Abort, context.Context.ConnectionAborted);
        }

        await next(context);
    }

    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        var now = clock.GetUtcNow();
        var items = invocationContext.Context.Items;
        if (items.TryGetValue(LastSeen, out var last) && (DateTimeOffset)last! + SessionPolicy.TouchInterval <= now && SessionOf(invocationContext.Context) is { } handle)
        {
            items[LastSeen] = now;
            sessions.Seen(handle, now);
        }

        return next(invocationContext);
    }

    public async Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception, Func<HubLifetimeContext, Exception?, Task> next)
    {
        if (context.Context.Items.TryGetValue(Registration, out var registration))
        {
            ((IDisposable)registration!).Dispose();
        }

        await next(context, exception);
    }

    // From the principal: with long polling the connection has no request of its own.
    private static SessionHandle? SessionOf(HubCallerContext context) =>
        SessionHandle.TryParse(context.User?.FindFirst(HoldfastDefaults.SessionClaim)?.Value, out var handle) ? handle : null;
}
