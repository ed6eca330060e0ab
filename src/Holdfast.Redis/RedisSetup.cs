using Holdfast;
using Holdfast.Redis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses Redis.</summary>
public static class HoldfastRedisExtensions
{
    /// <summary>
    /// Keeps sessions in Redis, for any number of nodes. <c>MasterSecret</c> must be set: all of them need the same one.
    /// </summary>
    /// <param name="builder">The installation.</param>
    /// <param name="connectionString">As StackExchange.Redis reads it: <c>host:port,password=...,ssl=true</c>.</param>
    public static HoldfastBuilder UseRedis(this HoldfastBuilder builder, string connectionString) => builder.UseStore(

        // Called once, while the application starts and nothing else runs.
        _ => RedisSessionStore.ConnectAsync(connectionString).GetAwaiter().GetResult());
}
