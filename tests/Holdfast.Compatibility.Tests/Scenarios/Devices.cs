using Holdfast.Compatibility.Tests.Table;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Compatibility.Tests.Scenarios;

[Titled(4, "Devices and signing out")]
public sealed class Devices(Suite suite) : Scenario(suite)
{
    private const string Phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";

    [Theory, EveryBackend]
    public async Task Each_device_is_listed_and_one_signs_out_another(string backend)
    {
        var (here, there, page, elsewhere) = await TwoDevicesAsync(backend);
        await page.ReloadAsync();
        await Expect(page.Locator("#devices li")).ToHaveCountAsync(2);
        await Expect(page.Locator($"#devices li[data-sid='{await Visitor.SidAsync(page)}']")).ToContainTextAsync("this device");
        await page.Locator("#devices li").Filter(new() { HasText = "Safari on iPhone" }).GetByRole(AriaRole.Button).ClickAsync();
        await Expect(page.Locator("#devices li")).ToHaveCountAsync(1);
        await RefusedAsync(elsewhere, "401 session_revoked");
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/me"));
        Assert.NotEqual(await here.CookieAsync(Visitor.SessionCookie), await there.CookieAsync(Visitor.SessionCookie));
    }

    [Theory, EveryBackend]
    public async Task Signing_out_here_signs_out_nobody_else_and_all_tabs_know(string backend)
    {
        var (here, _, page, elsewhere) = await TwoDevicesAsync(backend);
        var tab = await here.OpenAsync();
        await Visitor.SignedInAsync(tab);
        var copied = await here.CookiesAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).First.ClickAsync();
        await Visitor.StateAsync(page, "signed-out");
        await Visitor.StateAsync(tab, "signed-out");
        Assert.Null(await here.CookieAsync(Visitor.SessionCookie));
        Assert.Equal("200", await Visitor.TryAsync(elsewhere, "/api/me"));

        // A copy of the cookie died with the session.
        await here.PlantAsync(copied);
        await RefusedAsync(page, "401 session_revoked");
    }

    [Theory, EveryBackend]
    public async Task Signing_out_the_others_leaves_this_device_signed_in(string backend)
    {
        var (_, _, page, elsewhere) = await TwoDevicesAsync(backend);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out all others" }).ClickAsync();
        await RefusedAsync(elsewhere, "401 session_revoked");
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/me"));
        await Expect(page.Locator("#devices li")).ToHaveCountAsync(1);
    }

    [Theory, EveryBackend]
    public async Task Signing_out_everywhere_signs_out_every_device(string backend)
    {
        var (here, there, page, elsewhere) = await TwoDevicesAsync(backend);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere" }).ClickAsync();
        await Visitor.StateAsync(page, "signed-out");
        await RefusedAsync(elsewhere, "401 session_revoked");
        Assert.Null(await here.CookieAsync(Visitor.SessionCookie));
        var again = await there.OpenAsync();
        Assert.EndsWith("/login", again.Url, StringComparison.Ordinal);
    }

    private async Task<(Visitor Here, Visitor There, IPage Page, IPage Elsewhere)> TwoDevicesAsync(string backend)
    {
        var here = await VisitorAsync(backend);
        var there = Leaving(await here.OnAnotherDeviceAsync(Phone));
        var elsewhere = await there.SignInAsync();
        return (here, there, await here.SignInAsync(), elsewhere);
    }
}
