using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using Playground;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>The playground, used by a person with a real browser.</summary>
[Collection("one browser")]
public sealed class PlaygroundTests(Chromium chromium)
{
    [Fact]
    [Requirement("CS-02", "LO-06", "LO-01")]
    public async Task Two_devices_see_each_other_and_one_signs_the_other_out()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var laptop = await ContextAsync();
        await using var phone = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
            ViewportSize = new ViewportSize { Width = 390, Height = 844 },
            DeviceScaleFactor = 1.5f,
            ColorScheme = ColorScheme.Dark,
        });
        var here = await laptop.NewPageAsync();
        await here.GotoAsync(playground.Settings.Address);
        await Expect(here.GetByLabel("Password")).ToBeVisibleAsync();
        await here.KeepPictureAsync("sign-in");
        await here.CloseAsync();
        here = await laptop.SignedInAsync(playground);
        var there = await phone.SignedInAsync(playground);
        await there.KeepPictureAsync("phone-dark");
        await Expect(here.Locator("#devices li")).ToHaveCountAsync(2);
        await Expect(here.GetByText("Safari on iPhone")).ToBeVisibleAsync();
        await here.KeepPictureAsync("devices");

        // The phone asks nothing any more: what it learns, it learns from the connection that the server cuts.
        await Expect(there.GetByText("live connection: open")).ToBeVisibleAsync();
        await there.EvaluateAsync("() => { for (let timer = 0; timer < 10000; timer++) clearInterval(timer); }");
        await here.Locator("#devices li").Filter(new() { HasText = "iPhone" }).GetByRole(AriaRole.Button).ClickAsync();
        await Expect(here.Locator("#devices li")).ToHaveCountAsync(1);
        await Expect(there.GetByText("The session was ended. Sign in again.")).ToBeVisibleAsync();
        await Expect(there.GetByLabel("Password")).ToBeVisibleAsync();
        await Expect(here.GetByText("this device", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    [Requirement("TO-01", "TO-04", "TO-06")]
    public async Task An_open_page_that_only_polls_idles_out_and_a_used_one_reaches_its_absolute_end()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using var playground = await RunningPlayground.StartAsync(clock);
        await using var context = await ContextAsync();
        var page = await context.SignedInAsync(playground);
        clock.Advance(TimeSpan.FromMinutes(31));
        await Expect(page.GetByText("The session has expired. Sign in again.")).ToBeVisibleAsync();

        page = await context.SignedInAsync(playground);
        for (var elapsed = 0; elapsed < 12 * 60; elapsed += 20)
        {
            await page.GetByLabel("A note kept with this session").FillAsync($"after {elapsed} minutes");
            await page.GetByRole(AriaRole.Button, new() { Name = "Save the note" }).ClickAsync();
            await Expect(page.GetByText("Saved with this session.")).ToBeVisibleAsync();
            await playground.Service<TouchBuffer>().FlushAsync(CancellationToken.None);
            clock.Advance(TimeSpan.FromMinutes(20));
        }

        await Expect(page.GetByText("The session has expired. Sign in again.")).ToBeVisibleAsync();
    }

    [Fact]
    [Requirement("CSRF-01", "CSRF-02", "CSRF-04", "LO-07")]
    public async Task A_form_on_another_port_or_under_another_name_signs_nobody_out_and_the_page_says_why()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var context = await ContextAsync();
        var page = await context.SignedInAsync(playground);
        var sameSite = await OpenedByAsync(context, page.GetByText("Same site", new() { Exact = true }));
        await sameSite.KeepPictureAsync("other-site");
        await sameSite.GetByText("Claim your prize").ClickAsync();
        await Expect(sameSite.GetByText("csrf_failed")).ToBeVisibleAsync();
        await Expect(sameSite.GetByText("add its origin to TrustedOrigins")).ToBeVisibleAsync();

        var crossSite = await OpenedByAsync(context, page.GetByText("Cross site", new() { Exact = true }));
        Assert.StartsWith("http://127.0.0.1", crossSite.Url, StringComparison.Ordinal);
        await crossSite.GetByText("Claim your prize").ClickAsync();
        await Expect(crossSite.GetByText("csrf_failed")).ToBeVisibleAsync();

        await page.BringToFrontAsync();
        await Expect(page.GetByText("csrf.refused: same_site")).ToBeVisibleAsync();
        await Expect(page.GetByText("csrf.refused: cross_site")).ToBeVisibleAsync();
        await Expect(page.GetByText("this device", new() { Exact = true })).ToBeVisibleAsync();
        await page.KeepPictureAsync("attacks-csrf");
    }

    [Fact]
    [Requirement("SID-07", "SID-08", "SID-09", "SID-13", "SID-11")]
    public async Task The_browser_reports_the_cookie_as_it_should_be()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var context = await ContextAsync();
        await context.SignedInAsync(playground);
        var cookie = (await context.CookiesAsync()).Single(one => one.Name == "__Host-Http-holdfast");
        Assert.Equal((true, true, SameSiteAttribute.Lax, "/", "localhost", -1), (cookie.HttpOnly, cookie.Secure, cookie.SameSite, cookie.Path, cookie.Domain, cookie.Expires));

        await using var remembered = await ContextAsync();
        await remembered.SignedInAsync(playground, remember: true);
        var kept = (await remembered.CookiesAsync()).Single(one => one.Name == "__Host-Http-holdfast");
        Assert.InRange(kept.Expires, TimeProvider.System.GetUtcNow().AddDays(29).ToUnixTimeSeconds(), TimeProvider.System.GetUtcNow().AddDays(30).ToUnixTimeSeconds());
    }

    [Fact]
    [Requirement("LO-07")]
    public async Task After_signing_out_the_back_button_shows_nothing_private()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var context = await ContextAsync();
        var page = await context.SignedInAsync(playground);
        await page.GetByLabel("A note kept with this session").FillAsync("a private thought");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save the note" }).ClickAsync();
        await Expect(page.GetByText("Saved with this session.")).ToBeVisibleAsync();
        await page.GotoAsync(playground.Settings.Address + "/auth/session");
        await page.GoBackAsync();
        await Expect(page.GetByText("this device", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await Expect(page.GetByLabel("Password")).ToBeVisibleAsync();
        await page.GotoAsync("about:blank");
        await page.GoBackAsync();
        await Expect(page.GetByLabel("Password")).ToBeVisibleAsync();
        Assert.DoesNotContain("a private thought", await page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(await context.CookiesAsync(), cookie => cookie.Name == "__Host-Http-holdfast");
        await page.GoForwardAsync();
    }

    [Fact]
    [Requirement("RT-12", "SID-07")]
    public async Task No_credential_lies_where_a_script_can_read_it()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var context = await ContextAsync();
        var page = await context.SignedInAsync(playground);
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay it" }).ClickAsync();
        await Expect(page.Locator("#verdict")).ToContainTextAsync("token_reused");
        var readable = await page.EvaluateAsync<string>("""
            async () => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), await caches.keys(), location.href, document.body.innerHTML])
            """);
        foreach (var cookie in await context.CookiesAsync())
        {
            Assert.DoesNotContain(cookie.Value[^24..], readable, StringComparison.Ordinal);
        }

        Assert.StartsWith("[\"\",{},{},[],[]", readable, StringComparison.Ordinal);
        Assert.DoesNotContain("hfs_", readable, StringComparison.Ordinal);
        Assert.DoesNotContain("hfr_", readable, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("LO-01", "RT-02")]
    public async Task A_copied_cookie_dies_with_the_session_and_a_replayed_token_ends_its_own()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var context = await ContextAsync();
        var page = await context.SignedInAsync(playground);
        await page.GetByRole(AriaRole.Button, new() { Name = "Replay it" }).ClickAsync();
        await Expect(page.Locator("#verdict")).ToContainTextAsync("A thief presents the first token:  401 token_reused");
        await Expect(page.Locator("#verdict")).ToContainTextAsync("newest token, now:   401 token_invalid");
        await Expect(page.GetByText("refresh.reused")).ToBeVisibleAsync();
        await page.KeepPictureAsync("attacks");

        await page.GetByRole(AriaRole.Button, new() { Name = "Copy it" }).ClickAsync();
        await Expect(page.Locator("#verdict")).ToContainTextAsync("has copied your cookie");
        await page.Locator("#use-stolen").ClickAsync();
        await Expect(page.Locator("#verdict")).ToContainTextAsync("200: the thief is");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await page.Locator("#use-stolen-late").ClickAsync();
        await Expect(page.Locator("#late-verdict")).ToContainTextAsync("401 session_revoked");
        await page.KeepPictureAsync("copied-cookie");
    }

    [Fact]
    public async Task A_wrong_password_says_so_and_signing_out_everywhere_ends_all()
    {
        await using var playground = await RunningPlayground.StartAsync();
        await using var context = await ContextAsync();
        await using var other = await ContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(playground.Settings.Address);
        await page.GetByLabel("Password").FillAsync("wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByText("The e-mail address or the password is wrong.")).ToBeVisibleAsync();

        var elsewhere = await other.SignedInAsync(playground);
        page = await context.SignedInAsync(playground);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere" }).ClickAsync();
        await Expect(page.GetByText("Signed out everywhere.")).ToBeVisibleAsync();
        await Expect(elsewhere.GetByText("The session was ended. Sign in again.")).ToBeVisibleAsync();
    }

    private Task<IBrowserContext> ContextAsync() => chromium.Browser.NewContextAsync(new BrowserNewContextOptions
    {
        ViewportSize = new ViewportSize { Width = 1180, Height = 800 },
        ColorScheme = ColorScheme.Light,
    });

    private static async Task<IPage> OpenedByAsync(IBrowserContext context, ILocator link)
    {
        var page = await context.RunAndWaitForPageAsync(() => link.ClickAsync());
        await page.WaitForLoadStateAsync();
        return page;
    }
}
