using Holdfast.Compatibility.Tests.Table;

namespace Holdfast.Compatibility.Tests.Scenarios;

[Titled(6, "Timeouts")]
public sealed class Timeouts(Suite suite) : Scenario(suite)
{
    [Theory, EveryBackend]
    public async Task A_session_in_constant_use_reaches_its_absolute_end(string backend)
    {
        var used = await Suite.Aging[backend].UsedSession;
        Assert.Equal("401 session_expired", used.Answer);
        Assert.True(used.ExpiresAt < used.IdleExpiresAt, "It was the absolute end.");
        Assert.InRange(used.RefusedAt, used.ExpiresAt, used.ExpiresAt.AddSeconds(10));
    }

    [Theory, EveryBackend]
    public async Task A_session_that_is_only_looked_at_idles_out_warns_before_and_tells_every_tab(string backend)
    {
        var unused = Suite.Aging[backend].UnusedSession;
        Assert.Equal("200", await unused.Warned);
        await unused.Expired;
        Assert.InRange(TimeProvider.System.GetUtcNow(), unused.SignedInAt.AddMinutes(1), DateTimeOffset.MaxValue);
        await Visitor.StateAsync(unused.SecondTab, "expired");
        Assert.Equal("401 session_expired", await Visitor.TryAsync(unused.Page, "/api/me"));
        Assert.DoesNotContain("Ada", await unused.Page.Locator("#name").TextContentAsync());
        await unused.Page.ReloadAsync();
        Assert.EndsWith("/login", unused.Page.Url, StringComparison.Ordinal);
    }
}
