using Holdfast.Compatibility.Tests.Backends;
using Holdfast.Compatibility.Tests.Table;

namespace Holdfast.Compatibility.Tests.Scenarios;

/// <summary>What a browser sees, whichever backend answers. Nothing in a scenario may depend on which one it is.</summary>
public abstract class Scenario(Suite suite) : IAsyncDisposable
{
    private readonly List<Visitor> _visitors = [];

    private protected Suite Suite => suite;

    private protected virtual Deployment Deployment => suite.Deployment;

    public async ValueTask DisposeAsync()
    {
        Results.KeepCurrent();
        foreach (var visitor in _visitors)
        {
            await visitor.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>A browser and an account of this test's own.</summary>
    private protected async Task<Visitor> VisitorAsync(string backend) => Leaving(await Visitor.ComeAsync(suite.Chromium.Browser, Deployment[backend].Address));

    /// <summary>Goes when the test is over.</summary>
    private protected Visitor Leaving(Visitor visitor)
    {
        _visitors.Add(visitor);
        return visitor;
    }

    /// <summary>A session that was ended may be accepted for the staleness bound, at most.</summary>
    private protected static async Task RefusedAsync(Microsoft.Playwright.IPage page, params IReadOnlyList<string> answers)
    {
        var answer = "";
        await Until.TrueAsync(async () => answers.Contains(answer = await Visitor.TryAsync(page, "/api/me")), $"/api/me answers {string.Join(" or ", answers)}", TimeSpan.FromSeconds(5));
    }
}
