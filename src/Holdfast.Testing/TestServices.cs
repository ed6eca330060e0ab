using Holdfast;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Holdfast in the tests of an application.</summary>
public static class HoldfastTestServices
{
    /// <summary>
    /// Keeps sessions in memory, whatever store the application chose, and lets the test move time. Call it after the application's own
    /// registrations, as <c>ConfigureTestServices</c> does.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="clock">The test's clock; null leaves the application's.</param>
    public static IServiceCollection UseHoldfastInMemory(this IServiceCollection services, FakeTimeProvider? clock = null)
    {
        HoldfastBuilder.Create(services).UseMemory();
        if (clock is not null)
        {
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        }

        return services;
    }
}
