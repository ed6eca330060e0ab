using System.Reflection;
using Holdfast.Compatibility.Tests.Backends;
using Xunit.Sdk;
using Xunit.v3;

namespace Holdfast.Compatibility.Tests.Table;

/// <summary>Runs a scenario against every backend, and makes it a row of the table.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EveryBackendAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Backend.All.Select(backend => new TheoryDataRow(backend.Name))]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
