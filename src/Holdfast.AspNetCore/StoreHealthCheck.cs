using Holdfast.Freshness;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Holdfast.AspNetCore;

/// <summary>Healthy while the store answers and the lease is good; degraded while checks must ask the store.</summary>
internal sealed class StoreHealthCheck(ISessionStore store, SessionMemory memory) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.ReadSubjectAsync(SessionPolicy.DefaultTenant, null, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The session store does not answer; requests with a session get 503.", exception);
        }

        return memory.Lapsed == 0
            ? HealthCheckResult.Healthy("The session store answers, and the freshness lease is good.")
            : HealthCheckResult.Degraded($"The freshness lease has lapsed for {memory.Lapsed} of the store's partitions: each check asks the store.");
    }
}
