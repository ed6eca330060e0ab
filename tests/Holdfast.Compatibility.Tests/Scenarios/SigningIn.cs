using System.Net;
using Holdfast.Compatibility.Tests.Table;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Compatibility.Tests.Scenarios;

[Titled(1, "Signing in")]
public sealed class SigningIn(Suite suite) : Scenario(suite)
{
    [Theory, EveryBackend]
    public async Task Who_signs_in_sees_the_page_and_the_session(string backend)
    {
        var ada = await VisitorAsync(backend);
        var visitor = await ada.OpenAsync();
        Assert.Equal(new Uri(ada.Site, "/login").ToString(), visitor.Url);
        Assert.Equal("401 session_missing", await Visitor.TryAsync(visitor, "/api/me"));
        var page = await ada.SignInAsync();
        await Expect(page.Locator("#name")).ToHaveTextAsync("Ada");
        await Expect(page.Locator("#devices li")).ToHaveCountAsync(1);
        var (me, session) = (await Visitor.ReadAsync(page, "/api/me"), await Visitor.ReadAsync(page, "/auth/session"));
        Assert.Equal((ada.Subject, "Ada", 0), (me.GetProperty("subject").GetString(), me.GetProperty("name").GetString(), me.GetProperty("notes").GetArrayLength()));
        Assert.Equal((ada.Subject, "default"), (session.GetProperty("subject").GetString(), session.GetProperty("tenant").GetString()));
        Assert.Equal(me.GetProperty("sid").GetString(), session.GetProperty("sid").GetString());
        Assert.Equal(me.GetProperty("auth_time").GetDateTimeOffset().ToUnixTimeSeconds(), session.GetProperty("auth_time").GetDateTimeOffset().ToUnixTimeSeconds());
        await page.GetByLabel("A note").FillAsync("the first");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Expect(page.Locator("#notes li")).ToHaveTextAsync("the first");
        await page.ReloadAsync();
        await Expect(page.Locator("#notes li")).ToHaveTextAsync("the first");
    }

    [Theory, EveryBackend]
    public async Task A_wrong_password_says_so_makes_no_session_and_is_recorded(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.OpenAsync("/login");
        var answer = await page.RunAndWaitForResponseAsync(() => ada.SendFormAsync(page, "wrong"), response => response.Request.Method == "POST");
        Assert.Equal(401, answer.Status);
        await Expect(page.Locator("#error")).ToHaveTextAsync("The e-mail address or the password is wrong.");
        Assert.Null(await ada.CookieAsync(Visitor.SessionCookie));
        Assert.Equal("401 session_missing", await Visitor.TryAsync(page, "/auth/session"));
        await Until.TrueAsync(() => Deployment.LinesOf(backend).Any(line => line.Contains("sign_in.failed", StringComparison.Ordinal) && line.Contains($"subject={ada.Subject} ", StringComparison.Ordinal)), "the failure is recorded");

        // The form that the refusal brought works.
        await ada.SendFormAsync(page, Visitor.Password);
        await Visitor.SignedInAsync(page);
    }

    [Theory, EveryBackend]
    public async Task A_planted_cookie_is_not_adopted_and_proves_nothing_afterwards(string backend)
    {
        var attacker = await VisitorAsync(backend);
        await attacker.SignInAsync();
        foreach (var planted in new[] { (await attacker.CookieAsync(Visitor.SessionCookie))!, "hfs_" + new string('A', 68) })
        {
            var victim = await VisitorAsync(backend);
            await victim.PlantAsync((Visitor.SessionCookie, planted));

            // The sign-in page would find the attacker's live session, and go on to the page: sign in from wherever the victim lands.
            var page = await victim.OpenAsync();
            await page.EvaluateAsync(
                """
                async ([email, password]) => {
                  const form = new URLSearchParams({ email, password, transport: 'cookie', csrf_token: (await (await fetch('/auth/csrf')).json()).token })
                  await fetch('/login', { method: 'POST', body: form })
                }
                """,
                new[] { victim.Email, Visitor.Password });
            await page.GotoAsync("/");
            await Visitor.SignedInAsync(page);
            Assert.Equal(victim.Subject, (await Visitor.ReadAsync(page, "/api/me")).GetProperty("subject").GetString());
            Assert.NotEqual(planted, await victim.CookieAsync(Visitor.SessionCookie));
            await Until.TrueAsync(async () => await StatusOfAsync(victim.Site, planted) == HttpStatusCode.Unauthorized, "the planted cookie is refused", TimeSpan.FromSeconds(5));
        }
    }

    [Theory, EveryBackend]
    public async Task Signing_in_again_makes_a_new_session_and_ends_the_one_before(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.SignInAsync();
        var (sid, secret) = (await Visitor.SidAsync(page), (await ada.CookieAsync(Visitor.SessionCookie))!);
        var token = await Visitor.CsrfTokenAsync(page);
        await page.EvaluateAsync(
            "async ([email, password, token]) => { await fetch('/login', { method: 'POST', body: new URLSearchParams({ email, password, csrf_token: token }) }) }",
            new[] { ada.Email, Visitor.Password, token });
        Assert.NotEqual(sid, await Visitor.SidAsync(page));
        Assert.NotEqual(secret, await ada.CookieAsync(Visitor.SessionCookie));
        await Until.TrueAsync(async () => await StatusOfAsync(ada.Site, secret) == HttpStatusCode.Unauthorized, "the cookie before is refused", TimeSpan.FromSeconds(5));
        Assert.Equal(1, (await Visitor.ReadAsync(page, "/auth/sessions")).GetProperty("sessions").GetArrayLength());

        // The token of the session before does not work with this one.
        Assert.Equal("403 csrf_failed", await Visitor.TryAsync(page, "/api/notes", "POST", token, new { text = "stale" }));
    }

    [Theory, EveryBackend]
    public async Task A_sign_in_by_the_other_transport_leaves_nothing_of_the_one_before(string backend)
    {
        var ada = await VisitorAsync(backend);
        await ada.SignInAsync();
        var dead = (await ada.CookieAsync(Visitor.SessionCookie))!;
        var page = await ada.OpenAsync();
        await page.EvaluateAsync("async () => (await import('/shared/holdfast-browser.js')).createClient().signOut()");
        await ada.PlantAsync((Visitor.SessionCookie, dead));
        page = await ada.SignInAsync("token-cookies");
        Assert.Null(await ada.CookieAsync(Visitor.SessionCookie));
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/me"));
        await page.EvaluateAsync(
            "async ([email, password, token]) => { await fetch('/login', { method: 'POST', body: new URLSearchParams({ email, password, csrf_token: token }) }) }",
            new[] { ada.Email, Visitor.Password, await Visitor.CsrfTokenAsync(page) });
        Assert.Null(await ada.CookieAsync(Visitor.AccessCookie));
        Assert.Null(await ada.CookieAsync(Visitor.RefreshCookie));
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/me"));
    }

    // As whoever holds a copy of the cookie would use it: outside of any browser.
    private static async Task<HttpStatusCode> StatusOfAsync(Uri site, string cookie)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = site };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        request.Headers.Add("Cookie", $"{Visitor.SessionCookie}={cookie}");
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }
}
