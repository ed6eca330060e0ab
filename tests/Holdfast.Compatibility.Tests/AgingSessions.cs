using Microsoft.Playwright;

namespace Holdfast.Compatibility.Tests;

/// <summary>
/// Time cannot be moved in real processes, so what takes time begins before all tests: one session that nobody uses, one that is in constant
/// use, and five tabs whose access token expires.
/// </summary>
internal sealed class AgingSessions
{
    private static readonly TimeSpan MoreThanIdle = TimeSpan.FromSeconds(150);

    private AgingSessions(Unused unused, Task<Used> used, FiveTabs tabs) => (UnusedSession, UsedSession, Tabs) = (unused, used, tabs);

    public Unused UnusedSession { get; }

    /// <summary>Completes when it was refused.</summary>
    public Task<Used> UsedSession { get; }

    public FiveTabs Tabs { get; }

    public static async Task<AgingSessions> StartAsync(Suite suite, string backend)
    {
        var site = suite.Deployment[backend].Address;
        var idle = await Visitor.ComeAsync(suite.Chromium.Browser, site, watching: true);
        var signedInAt = TimeProvider.System.GetUtcNow();
        var page = await idle.SignInAsync();
        var warned = WarnedAsync(page);
        var secondTab = await idle.OpenAsync();
        var expired = StateAsync(page, "expired");

        var used = await suite.VisitorAsync(backend);
        var usedPage = await used.SignInAsync(remember: true);

        // A browser drops the cookie at the very end of its session. A copy without that limit asks for the server's word.
        await used.PlantAsync((Visitor.SessionCookie, (await used.CookieAsync(Visitor.SessionCookie))!));
        return new AgingSessions(new Unused(page, secondTab, signedInAt, warned, expired), UseAsync(usedPage), await OpenTabsAsync(suite, backend));
    }

    private static async Task<string> WarnedAsync(IPage page)
    {
        await StateAsync(page, "idle-warning");
        return await Visitor.TryAsync(page, "/auth/session");
    }

    private static Task StateAsync(IPage page, string state) => page.WaitForFunctionAsync(
        "state => document.body.dataset.state === state", state, new() { Timeout = (float)MoreThanIdle.TotalMilliseconds });

    private static async Task<Used> UseAsync(IPage page)
    {
        var record = await Visitor.ReadAsync(page, "/auth/session");
        var expiresAt = record.GetProperty("expires_at").GetDateTimeOffset();
        var idleExpiresAt = record.GetProperty("idle_expires_at").GetDateTimeOffset();
        var answer = "200";
        using var every = new PeriodicTimer(TimeSpan.FromSeconds(2));
        while (answer == "200")
        {
            await every.WaitForNextTickAsync();
            answer = await Visitor.TryAsync(page, "/api/me");
        }

        return new Used(answer, expiresAt, idleExpiresAt, TimeProvider.System.GetUtcNow());
    }

    private static async Task<FiveTabs> OpenTabsAsync(Suite suite, string backend)
    {
        var visitor = await suite.VisitorAsync(backend);
        var first = await visitor.SignInAsync("token-cookies");
        List<IPage> pages = [first];
        while (pages.Count < 5)
        {
            var page = await visitor.OpenAsync();
            await Visitor.SignedInAsync(page);
            pages.Add(page);
        }

        return new FiveTabs(visitor, pages);
    }

    /// <summary>A session that is looked at, and not used; what the server said of it when the page had been warned.</summary>
    internal sealed record Unused(IPage Page, IPage SecondTab, DateTimeOffset SignedInAt, Task<string> Warned, Task Expired);

    /// <summary>How a session that was used all the time ended.</summary>
    internal sealed record Used(string Answer, DateTimeOffset ExpiresAt, DateTimeOffset IdleExpiresAt, DateTimeOffset RefusedAt);

    /// <summary>Tabs of one browser, signed in with token cookies.</summary>
    internal sealed record FiveTabs(Visitor Visitor, IReadOnlyList<IPage> Pages);
}
