using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Bench.InProcess;

/// <summary>A server without a socket: hands prepared requests to the real pipeline.</summary>
internal sealed class InProcessServer : IServer
{
    private IRequestRunner? _runner;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public IRequestRunner Runner => _runner ?? throw new InvalidOperationException("The application was not started.");

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _runner = new RequestRunner<TContext>(application);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        // It holds nothing.
    }
}

/// <summary>Runs one request after the other, whatever the host's type of context is.</summary>
internal interface IRequestRunner
{
    /// <summary>The request and its answer.</summary>
    InProcessRequest Request { get; }

    /// <summary>Runs the request as it stands.</summary>
    Task RunAsync();
}

/// <summary>As Kestrel does on one connection: the same objects for every request.</summary>
internal sealed class RequestRunner<TContext>(IHttpApplication<TContext> application) : IRequestRunner
    where TContext : notnull
{
    private readonly Reused _request = new();

    public InProcessRequest Request => _request;

    public Task RunAsync()
    {
        _request.Reset();
        var context = application.CreateContext(_request);
        var running = application.ProcessRequestAsync(context);
        return running.IsCompletedSuccessfully ? FinishAsync(context) : AwaitedAsync(running, context);
    }

    private async Task AwaitedAsync(Task running, TContext context)
    {
        await running;
        await FinishAsync(context);
    }

    private Task FinishAsync(TContext context)
    {
        var finished = _request.FinishAsync();
        if (finished.IsCompletedSuccessfully)
        {
            application.DisposeContext(context, null);
            return Task.CompletedTask;
        }

        return DisposeAsync(finished, context);
    }

    private async Task DisposeAsync(Task finished, TContext context)
    {
        await finished;
        application.DisposeContext(context, null);
    }

    private sealed class Reused : InProcessRequest, IHostContextContainer<TContext>
    {
        public TContext? HostContext { get; set; }
    }
}
