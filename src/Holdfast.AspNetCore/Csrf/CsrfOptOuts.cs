using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>Lists at start what the application has exempted from CSRF protection, so that nobody forgets it.</summary>
internal sealed partial class CsrfOptOuts(EndpointDataSource endpoints, IHostApplicationLifetime lifetime, ILogger<CsrfOptOuts> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() =>
        {
            foreach (var endpoint in endpoints.Endpoints.Where(
                endpoint => endpoint.Metadata.GetMetadata<IAntiforgeryMetadata>() is { RequiresValidation: false } && TakesUnsafeMethods(endpoint)))
            {
                LogOptOut(endpoint.DisplayName);
            }
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static bool TakesUnsafeMethods(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is not { } methods || methods.HttpMethods.Any(method => !CrossOriginGuard.IsSafe(method));

    [LoggerMessage(1040, LogLevel.Warning, "No CSRF protection: {Endpoint}. Any site can make a signed-in browser send it.")]
    private partial void LogOptOut(string? endpoint);
}
