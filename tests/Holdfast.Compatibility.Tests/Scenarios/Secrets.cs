using Holdfast.Compatibility.Tests.Table;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Compatibility.Tests.Scenarios;

[Titled(2, "Cookies and secrets")]
public sealed class Secrets(Suite suite) : Scenario(suite)
{
    [Theory, EveryBackend]
    public async Task The_browser_sees_each_cookie_with_its_attributes(string backend)
    {
        var ada = await VisitorAsync(backend);
        await ada.SignInAsync();
        var all = await ada.Context.CookiesAsync();
        Assert.Equal(("/", "localhost", -1f), Place(Single(all, Visitor.SessionCookie)));

        var remembered = await VisitorAsync(backend);
        await remembered.SignInAsync(remember: true);
        AssertEndsWithin(Single(await remembered.Context.CookiesAsync(), Visitor.SessionCookie), TimeSpan.FromSeconds(70));

        var tokens = await VisitorAsync(backend);
        await tokens.SignInAsync("token-cookies");
        var (access, refresh) = (Single(await tokens.Context.CookiesAsync(), Visitor.AccessCookie), Single(await tokens.Context.CookiesAsync(), Visitor.RefreshCookie));
        Assert.Equal(("/", "/auth", "localhost"), (access.Path, refresh.Path, refresh.Domain));

        // Both stay as long as the session may: a browser that dropped the expired token could not be told to refresh it.
        AssertEndsWithin(access, TimeSpan.FromDays(8));
        AssertEndsWithin(refresh, TimeSpan.FromDays(8));
        Assert.InRange(access.Expires, refresh.Expires - 5, refresh.Expires + 5);
    }

    [Theory, EveryBackend]
    public async Task No_secret_lies_where_a_script_can_read_it_nor_in_any_log(string backend)
    {
        foreach (var transport in new[] { "cookie", "token-cookies" })
        {
            var ada = await VisitorAsync(backend);
            var page = await ada.SignInAsync(transport);
            await Expect(page.Locator("#devices li")).ToHaveCountAsync(1);
            var readable = await page.EvaluateAsync<string>(
                """
                async () => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), await caches.keys(), location.href, document.documentElement.outerHTML,
                  await (await fetch('/auth/session')).text(), await (await fetch('/auth/sessions')).text(), await (await fetch('/api/me')).text()])
                """);
            Assert.StartsWith("[\"\",{},{},[],[]", readable, StringComparison.Ordinal);
            var secrets = (await ada.Context.CookiesAsync()).Select(cookie => cookie.Value[^24..]).ToArray();
            Assert.NotEmpty(secrets);
            foreach (var secret in secrets)
            {
                Assert.DoesNotContain(secret, readable, StringComparison.Ordinal);
                Assert.DoesNotContain(Deployment.LinesOf(backend), line => line.Contains(secret, StringComparison.Ordinal));
            }
        }
    }

    [Theory, EveryBackend]
    public async Task After_signing_out_the_back_button_shows_nothing_private(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.SignInAsync();
        await page.GetByLabel("A note").FillAsync("a private thought");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Expect(page.Locator("#notes li")).ToHaveTextAsync("a private thought");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
        await Visitor.StateAsync(page, "signed-out");
        Assert.DoesNotContain("a private thought", await page.ContentAsync(), StringComparison.Ordinal);
        await page.GotoAsync("about:blank");
        await page.GoBackAsync();
        await Expect(page.GetByLabel("Password")).ToBeVisibleAsync();
        Assert.DoesNotContain("a private thought", await page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(await ada.Context.CookiesAsync(), cookie => cookie.Name != "__Host-Http-holdfast-pre");
    }

    private static BrowserContextCookiesResult Single(IReadOnlyList<BrowserContextCookiesResult> all, string name)
    {
        var cookie = all.Single(one => one.Name == name);
        Assert.Equal((true, true, SameSiteAttribute.Lax), (cookie.HttpOnly, cookie.Secure, cookie.SameSite));
        return cookie;
    }

    private static (string Path, string Domain, float Expires) Place(BrowserContextCookiesResult cookie) => (cookie.Path, cookie.Domain, cookie.Expires);

    private static void AssertEndsWithin(BrowserContextCookiesResult cookie, TimeSpan most)
    {
        var now = TimeProvider.System.GetUtcNow();
        Assert.InRange(cookie.Expires, now.ToUnixTimeSeconds(), (now + most).ToUnixTimeSeconds());
    }
}
