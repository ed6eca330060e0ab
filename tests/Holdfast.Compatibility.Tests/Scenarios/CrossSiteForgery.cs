using Holdfast.Compatibility.Tests.Table;
using Microsoft.Playwright;

namespace Holdfast.Compatibility.Tests.Scenarios;

[Titled(3, "Requests that other pages make")]
public sealed class CrossSiteForgery(Suite suite, AttackingSite attacker) : Scenario(suite), IClassFixture<AttackingSite>
{
    [Theory, EveryBackend]
    public async Task Our_own_form_and_script_work_and_neither_works_without_the_token(string backend)
    {
        var ada = await VisitorAsync(backend);
        var page = await ada.SignInAsync();
        var token = await Visitor.CsrfTokenAsync(page);
        Assert.Equal("200", await Visitor.TryAsync(page, "/api/notes", "POST", token, new { text = "by script" }));
        Assert.Equal("403 csrf_failed", await Visitor.TryAsync(page, "/api/notes", "POST", null, new { text = "no token" }));
        Assert.Equal("403 csrf_failed", await Visitor.TryAsync(page, "/api/notes", "POST", token[..10] + (token[10] == 'A' ? 'B' : 'A') + token[11..], new { text = "forged" }));
        Assert.Equal("403 csrf_failed", await Visitor.TryAsync(page, "/auth/logout", "POST", null, new { scope = "all" }));
        Assert.Equal(200, await SubmitAsync(page, "form => form.submit()"));
        await page.GotoAsync("/");
        await Visitor.SignedInAsync(page);
        Assert.Equal(403, await SubmitAsync(page, "form => { form.elements.csrf_token.remove(); form.submit() }"));
        await AssertNotesAsync(ada, "by script", "by form");
    }

    [Theory, EveryBackend]
    public async Task A_page_of_another_site_changes_nothing(string backend) => await AttackAsync(await VisitorAsync(backend), attacker.At("127.0.0.1"));

    [Theory, EveryBackend]
    public async Task A_page_on_another_port_changes_nothing(string backend) => await AttackAsync(await VisitorAsync(backend), attacker.At("localhost"));

    [Theory, EveryBackend]
    public async Task A_page_of_a_sibling_host_of_the_same_site_changes_nothing(string backend) =>
        await AttackAsync(Leaving(await (await VisitorAsync(backend)).AtAsync("app.shop.localhost")), attacker.At("blog.shop.localhost"));

    [Theory, EveryBackend]
    public async Task No_other_page_signs_anybody_in(string backend)
    {
        var ada = await VisitorAsync(backend);
        await ada.OpenAsync("/login");
        var evil = await ada.Context.NewPageAsync();
        await evil.GotoAsync(attacker.At("localhost").ToString());
        Assert.Equal(403, await PostedAsync(evil, new Uri(ada.Site, "/login"), new { email = ada.Email, password = Visitor.Password }));
        Assert.Null(await ada.CookieAsync(Visitor.SessionCookie));
        Assert.Contains("csrf_failed", await evil.ContentAsync(), StringComparison.Ordinal);
    }

    private static async Task AttackAsync(Visitor ada, Uri attackerPage)
    {
        await ada.SignInAsync();
        foreach (var (path, fields) in new (string, object)[] { ("/api/notes", new { text = "not mine" }), ("/auth/logout", new { scope = "all" }) })
        {
            var evil = await ada.Context.NewPageAsync();
            await evil.GotoAsync(attackerPage.ToString());
            Assert.Equal(403, await FetchedAsync(evil, new Uri(ada.Site, path), fields));
            Assert.Equal(403, await PostedAsync(evil, new Uri(ada.Site, path), fields));
            Assert.Contains("csrf_failed", await evil.ContentAsync(), StringComparison.Ordinal);
        }

        await AssertNotesAsync(ada);
    }

    private static async Task AssertNotesAsync(Visitor ada, params string[] notes)
    {
        var page = await ada.OpenAsync();
        await Visitor.SignedInAsync(page);
        Assert.Equal(notes, (await Visitor.ReadAsync(page, "/api/me")).GetProperty("notes").EnumerateArray().Select(note => note.GetString()));
    }

    private static async Task<int> SubmitAsync(IPage page, string submit)
    {
        await page.GetByLabel("A note").FillAsync("by form");
        var answer = await page.RunAndWaitForResponseAsync(() => page.Locator("#note-form").EvaluateAsync(submit), response => response.Request.Method == "POST");
        await page.WaitForURLAsync("**/api/notes");
        return answer.Status;
    }

    // A form, as the attacking page would have it, and a request of its script, which may not read the answer.
    private static async Task<int> PostedAsync(IPage page, Uri target, object fields)
    {
        var answer = await page.RunAndWaitForResponseAsync(
            () => page.EvaluateAsync(
                """
                ([action, fields]) => {
                  const form = Object.assign(document.createElement('form'), { method: 'post', action })
                  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement('input'), { name, value }))
                  document.body.append(form)
                  form.submit()
                }
                """,
                new object[] { target.ToString(), fields }),
            response => response.Request.Method == "POST");
        await page.WaitForURLAsync(target.ToString());
        return answer.Status;
    }

    private static async Task<int> FetchedAsync(IPage page, Uri target, object fields) => (await page.RunAndWaitForResponseAsync(
        () => page.EvaluateAsync(
            "([target, fields]) => fetch(target, { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(fields) }).catch(() => undefined)",
            new object[] { target.ToString(), fields }),
        response => response.Request.Method == "POST")).Status;
}
