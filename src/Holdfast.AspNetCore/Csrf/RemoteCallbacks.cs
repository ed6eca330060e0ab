using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Holdfast.AspNetCore.Csrf;

/// <summary>
/// Where identity providers send their answers, as forms from another site. Those handlers guard themselves: each answer must carry the
/// state, and come with the correlation cookie, of a sign-in that this browser began.
/// </summary>
internal sealed class RemoteCallbacks(IServiceProvider services, IOptions<AuthenticationOptions> authentication)
{
    private readonly Lazy<HashSet<PathString>> _paths = new(() => [.. authentication.Value.Schemes
        .Select(scheme => CallbackOf(services, scheme.Name, scheme.HandlerType)).Where(path => path.HasValue)]);

    public bool Has(PathString path) => _paths.Value.Contains(path);

    private static PathString CallbackOf(IServiceProvider services, string scheme, Type? handler)
    {
        for (var type = handler; type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(RemoteAuthenticationHandler<>))
            {
                var monitor = typeof(IOptionsMonitor<>).MakeGenericType(type.GetGenericArguments());
                var get = monitor.GetMethod(nameof(IOptionsMonitor<>.Get))!;
                return ((RemoteAuthenticationOptions)get.Invoke(services.GetRequiredService(monitor), [scheme])!).CallbackPath;
            }
        }

        return default;
    }
}
