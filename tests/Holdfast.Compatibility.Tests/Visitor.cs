using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Compatibility.Tests;

/// <summary>A person with a browser, and an account that no other test uses.</summary>
internal sealed class Visitor : IAsyncDisposable
{
    public const string Password = "Correct-horse-1";
    public const string SessionCookie = "__Host-Http-holdfast";
    public const string AccessCookie = "__Host-Http-holdfast-at";
    public const string RefreshCookie = "__Secure-holdfast-rt";

    // The page's own looking would come between what a test does; its first look stays.
    private const string Quiet = "globalThis.setInterval = () => 0";

    private readonly IBrowser _browser;

    private Visitor(IBrowser browser, IBrowserContext context, Uri site, string subject) => (_browser, Context, Site, Subject) = (browser, context, site, subject);

    public IBrowserContext Context { get; }

    public Uri Site { get; }

    public string Subject { get; }

    public string Email => Subject + "@example.org";

    public static async Task<Visitor> ComeAsync(IBrowser browser, Uri site, bool watching = false, string? subject = null, string? userAgent = null)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = site.ToString(), UserAgent = userAgent });
        if (!watching)
        {
            await context.AddInitScriptAsync(Quiet);
        }

        return new Visitor(browser, context, site, subject ?? "ada+" + RandomNumberGenerator.GetHexString(16, lowercase: true));
    }

    /// <summary>The same person with another browser, which may call itself something else.</summary>
    public Task<Visitor> OnAnotherDeviceAsync(string? userAgent = null) => ComeAsync(_browser, Site, subject: Subject, userAgent: userAgent);

    /// <summary>The same person with another browser, at another address of the site.</summary>
    public Task<Visitor> AtAsync(string host) => ComeAsync(_browser, new UriBuilder(Site) { Host = host }.Uri, subject: Subject);

    public async Task<IPage> OpenAsync(string path = "/")
    {
        var page = await Context.NewPageAsync();
        await page.GotoAsync(path);
        return page;
    }

    public async Task<IPage> SignInAsync(string transport = "cookie", bool remember = false)
    {
        var page = await OpenAsync("/login");
        await SendFormAsync(page, Password, transport, remember);
        await SignedInAsync(page);
        return page;
    }

    public async Task SendFormAsync(IPage page, string password, string transport = "cookie", bool remember = false)
    {
        await page.GetByLabel("E-mail").FillAsync(Email);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByLabel("Kept in").SelectOptionAsync(transport);
        await page.GetByLabel("Keep me signed in").SetCheckedAsync(remember);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    public static Task SignedInAsync(IPage page) => StateAsync(page, "signed-in");

    public static Task StateAsync(IPage page, string state) => Expect(page.Locator("body")).ToHaveAttributeAsync("data-state", state, new() { Timeout = 15_000 });

    /// <summary>The value of a cookie that this browser holds; null if it holds none of that name.</summary>
    public async Task<string?> CookieAsync(string name) => (await Context.CookiesAsync()).SingleOrDefault(cookie => cookie.Name == name)?.Value;

    /// <summary>Puts cookies into this browser: copies that somebody kept, or what an attacker planted.</summary>
    public Task PlantAsync(params IEnumerable<(string Name, string Value)> cookies) => Context.AddCookiesAsync(cookies.Select(cookie => new Cookie
    {
        Name = cookie.Name,
        Value = cookie.Value,
        Domain = Site.Host,
        Path = cookie.Name == RefreshCookie ? "/auth" : "/",
        Secure = true,
        HttpOnly = true,
        SameSite = SameSiteAttribute.Lax,
    }));

    /// <summary>Everything that this browser holds of the application.</summary>
    public async Task<(string Name, string Value)[]> CookiesAsync() => [.. (await Context.CookiesAsync()).Select(cookie => (cookie.Name, cookie.Value))];

    /// <summary>Sends what a script may send, without the client's help. Answers the status and the reason: <c>401 session_revoked</c>.</summary>
    public static Task<string> TryAsync(IPage page, string path, string method = "GET", string? token = null, object? body = null) => page.EvaluateAsync<string>(
        """
        async ([path, method, token, body]) => {
          const headers = { ...(token && { 'X-CSRF-Token': token }), ...(body && { 'Content-Type': 'application/json' }) }
          const response = await fetch(path, { method, headers, body: body || undefined })
          const json = (response.headers.get('content-type') ?? '').includes('json') ? await response.json() : {}
          return `${response.status} ${json.reason ?? ''}`.trim()
        }
        """,
        new[] { path, method, token ?? "", body is null ? "" : JsonSerializer.Serialize(body) });

    public static Task<string> CsrfTokenAsync(IPage page) => page.EvaluateAsync<string>("async () => (await (await fetch('/auth/csrf')).json()).token");

    public static async Task<JsonElement> ReadAsync(IPage page, string path) =>
        await page.EvaluateAsync<JsonElement>("async path => (await fetch(path)).json()", path);

    public static async Task<string> SidAsync(IPage page) => (await ReadAsync(page, "/auth/session")).GetProperty("sid").GetString()!;

    public async ValueTask DisposeAsync() => await Context.DisposeAsync();
}
