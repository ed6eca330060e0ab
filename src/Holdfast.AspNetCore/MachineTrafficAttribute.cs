using Microsoft.AspNetCore.Builder;

namespace Holdfast.AspNetCore;

/// <summary>
/// Marks an endpoint that a page calls by itself, such as a poll: its requests are checked like all others and do not keep the
/// session from idling out.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class MachineTrafficAttribute : Attribute;

/// <summary>The same, for endpoints that are mapped by code.</summary>
public static class MachineTrafficExtensions
{
    /// <summary>Marks the endpoint as machine traffic.</summary>
    public static TBuilder AsMachineTraffic<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new MachineTrafficAttribute()));
        return builder;
    }
}
