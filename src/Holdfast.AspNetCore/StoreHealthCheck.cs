using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Holdfast.AspNetCore;

/// <summary>Healthy while the store answers.</summary>
internal sealed class StoreHealthCheck(ISessionStore store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.ReadSubjectAsync(SessionPolicy.DefaultTenant, null, cancellationToken);
            return HealthCheckResult.Healthy("The session store answers.");
        }
        catch (StoreUnavailableException exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The session store does not answer; requests with a session get 503.", exception);
        }
    }
}
