namespace Holdfast.Server.Hosting;

/// <summary>
/// Between the order to stop and the stop: requests are served, and each answer says that its connection closes, so that no request is
/// on its way into a connection that is being closed.
/// </summary>
internal sealed class Draining(ServerOptions options, TimeProvider clock) : IHostedLifecycleService
{
    private volatile bool _begun;

    /// <summary>Whether the server was told to stop.</summary>
    public bool HasBegun => _begun;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _begun = true;
        return options.DrainTime == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(options.DrainTime, clock, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Tells clients that this was the last answer on their connection.</summary>
    internal sealed class LastAnswers(RequestDelegate next, Draining draining)
    {
        public Task InvokeAsync(HttpContext context)
        {
            if (draining.HasBegun && HttpProtocol.IsHttp11(context.Request.Protocol))
            {
                context.Response.Headers.Connection = "close";
            }

            return next(context);
        }
    }
}
