using System.Collections.Concurrent;

namespace Holdfast.Compatibility.Tests.Table;

/// <summary>Which scenario passed on which backend, in this run.</summary>
internal static class Results
{
    private static readonly ConcurrentDictionary<(string Scenario, string Backend), bool> Known = new();

    /// <summary>Keeps the result of the test that has just run. Call it when the test is disposed.</summary>
    public static void KeepCurrent()
    {
        var context = TestContext.Current;
        if (context.TestMethod is { } method && context.Test is Xunit.v3.IXunitTest { TestMethodArguments: [string backend, ..] })
        {
            Known[(method.MethodName, backend)] = context.TestState?.Result == TestResult.Passed;
        }
    }

    /// <summary>What a cell of the table says: empty if the scenario was not run.</summary>
    public static string Cell(string scenario, string backend) => Known.TryGetValue((scenario, backend), out var passed) ? passed ? "yes" : "NO" : "";
}
