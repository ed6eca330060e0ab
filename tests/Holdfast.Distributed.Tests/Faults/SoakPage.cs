namespace Holdfast.Distributed.Tests.Faults;

/// <summary>When the last test is over: <c>SOAK=1</c>, which <c>./test soak</c> sets, keeps the table.</summary>
public sealed class SoakPage : IDisposable
{
    private static readonly string Page = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "docs", "faults.md");

    /// <summary>Writes it.</summary>
    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("SOAK") == "1")
        {
            FaultReport.Write(Page);
        }
    }
}
