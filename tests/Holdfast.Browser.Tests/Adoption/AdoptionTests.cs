using Adopted;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Adoption;

/// <summary>Five applications as they are written every day, put on Holdfast by the lines that docs/adopt.md shows, in a real browser.</summary>
[Collection("one browser")]
public sealed class AdoptionTests(Chromium chromium)
{
    [Fact]
    [Requirement("SU-02", "CSRF-06")]
    public async Task Razor_pages_with_identity_sign_in_post_forms_and_are_signed_out_from_elsewhere()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var app = await RunningSample.StartAsync("razor", clock);
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Address);
        await Expect(page).ToHaveURLAsync($"{app.Address}/Account/Login?ReturnUrl=%2F");
        await SignInAsync(page, "wrong");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Name or password is wrong.");
        await SignInAsync(page);
        await Expect(page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Hello ada");

        await page.GetByLabel("Phone").FillAsync("+44 20 7946 0000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change phone" }).ClickAsync();
        await Expect(page.Locator("output")).ToHaveTextAsync("+44 20 7946 0000");

        clock.Advance(TimeSpan.FromMinutes(6));
        await page.GetByLabel("Phone").FillAsync("+44 20 7946 0001");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change phone" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Sign in again to change this");
        await Expect(page.Locator("output")).ToHaveTextAsync("+44 20 7946 0000");

        await app.EndAllAsync();
        await page.GotoAsync(app.Address);
        await Expect(page).ToHaveURLAsync($"{app.Address}/Account/Login?ReturnUrl=%2F");
    }

    [Fact]
    public async Task Mvc_on_the_stock_cookie_keeps_cart_and_messages_from_visitor_to_order()
    {
        await using var app = await RunningSample.StartAsync("mvc");
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Address);
        await page.GetByLabel("Item").FillAsync("book");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Expect(page.Locator("p[role=status]")).ToHaveTextAsync("Added book.");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await SignInAsync(page);
        await Expect(page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Hello ada");
        await Expect(page.Locator("output")).ToHaveTextAsync("book");
        Assert.Contains(await context.CookiesAsync(), cookie => cookie.Name == ".AspNetCore.Cookies");

        await page.GetByRole(AriaRole.Button, new() { Name = "Order" }).ClickAsync();
        await Expect(page.Locator("p[role=status]")).ToHaveTextAsync("ada ordered book.");
        await app.EndAllAsync();
        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Hello visitor");
    }

    [Fact]
    public async Task A_minimal_api_gives_tokens_that_a_page_keeps_in_memory_alone()
    {
        await using var app = await RunningSample.StartAsync("bearer");
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{app.Address}/bearer.html");
        async Task PressAsync(string button, string answer)
        {
            await page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            await Expect(page.Locator("output")).ToHaveTextAsync(answer);
        }

        await PressAsync("Who am I", "session_missing");
        await PressAsync("Sign in", "signed in");
        await PressAsync("Who am I", "I am ada");
        await PressAsync("Refresh", "refreshed");
        await PressAsync("Who am I", "I am ada");
        Assert.Equal(0, await page.EvaluateAsync<int>("localStorage.length + sessionStorage.length + document.cookie.length"));
        await app.EndAllAsync();
        await PressAsync("Who am I", "session_revoked");
        await PressAsync("Refresh", "token_invalid");
    }

    [Fact]
    [Requirement("LO-03")]
    public async Task A_chat_is_cut_when_the_user_signs_out_in_another_tab()
    {
        await using var app = await RunningSample.StartAsync("chat");
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"{app.Address}/chat.html");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("signed in");
        await page.GetByRole(AriaRole.Button, new() { Name = "Connect" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("connected");
        await page.GetByLabel("Text").FillAsync("hello");
        await page.GetByRole(AriaRole.Button, new() { Name = "Say" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Listitem)).ToHaveTextAsync("ada: hello");

        var other = await context.NewPageAsync();
        await other.GotoAsync($"{app.Address}/chat.html");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("connection closed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Connect" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("connection closed");
    }

    [Fact]
    [Requirement("LO-09")]
    public async Task Sign_in_at_a_provider_works_with_the_stock_handler_and_its_sign_out_reaches_us()
    {
        var port = RunningSample.FreePort();
        await using var provider = await IdentityProvider.StartAsync($"http://localhost:{port}");
        await using var app = await RunningSample.StartAsync("oidc", port: port, authority: provider.Address);
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Address);
        await page.Locator("input[name=login]").FillAsync(DemoUser.Name);
        await page.Locator("input[name=password]").FillAsync("anything");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign-in" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Hello ada");
        var session = Assert.Single(await app.Sessions.ListAsync("default", DemoUser.Name, CancellationToken.None));
        await Expect(page.Locator("output")).ToHaveTextAsync(session.Claims.Single(claim => claim.Type == "sid").Value);

        await page.GotoAsync($"{provider.Address}/session/end");
        await page.GetByRole(AriaRole.Button, new() { Name = "Yes, sign me out" }).ClickAsync();
        await Expect(page.GetByText("Sign-out Success")).ToBeVisibleAsync();
        Assert.Empty(await app.Sessions.ListAsync("default", DemoUser.Name, CancellationToken.None));
        await page.GotoAsync(app.Address);
        Assert.StartsWith(provider.Address, page.Url, StringComparison.Ordinal);
    }

    private static async Task SignInAsync(IPage page, string password = DemoUser.Password)
    {
        await page.GetByLabel("Name").FillAsync(DemoUser.Name);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }
}
