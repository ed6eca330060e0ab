using Holdfast.Compatibility.Tests.Backends;
using Microsoft.Playwright;

namespace Holdfast.Compatibility.Tests;

/// <summary>All backends together, as <c>samples/run</c> starts them: one host, a port each.</summary>
public sealed class OneSignInTests(Suite suite)
{
    private static readonly TimeSpan StalenessBound = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("cookie")]
    [InlineData("token-cookies")]
    public async Task Whoever_signs_in_on_one_is_signed_in_on_all_and_signs_out_of_all(string transport)
    {
        foreach (var first in Backend.All)
        {
            await using var ada = await suite.VisitorAsync(first.Name);
            var here = await ada.SignInAsync(transport);
            var sid = await Visitor.SidAsync(here);
            List<IPage> pages = [here];
            foreach (var other in Backend.All.Where(other => other != first))
            {
                var page = await ada.Context.NewPageAsync();
                await page.GotoAsync(suite.Deployment[other.Name].Address.ToString());
                await Visitor.SignedInAsync(page);
                Assert.Equal((sid, "Ada"), (await Visitor.SidAsync(page), await page.Locator("#name").TextContentAsync()));
                pages.Add(page);
            }

            // What one backend keeps with the session, all of them show.
            var token = await Visitor.CsrfTokenAsync(here);
            Assert.Equal("200", await Visitor.TryAsync(here, "/api/notes", "POST", token, new { text = "seen by all" }));
            Assert.All(await Task.WhenAll(pages.Select(page => Visitor.ReadAsync(page, "/api/me"))), me => Assert.Equal("seen by all", me.GetProperty("notes")[0].GetString()));

            var cookies = await ada.CookiesAsync();
            await here.GetByRole(AriaRole.Button, new() { Name = "Sign out everywhere" }).ClickAsync();
            await Visitor.StateAsync(here, "signed-out");
            var acknowledged = TimeProvider.System.GetTimestamp();

            // Cookies go with the sign-out; copies of them are refused: whatever is sent after the staleness bound, by every backend.
            await ada.PlantAsync(cookies);
            await Task.WhenAll(pages.Select(async page =>
            {
                var sent = TimeSpan.Zero;
                await Until.TrueAsync(
                    async () =>
                    {
                        sent = TimeProvider.System.GetElapsedTime(acknowledged);
                        var answer = await Visitor.TryAsync(page, "/api/me");
                        Assert.True(answer == "401 session_revoked" || sent < StalenessBound, $"{page.Url} answered {answer} to what was sent {sent.TotalSeconds} s after the sign-out.");
                        return answer == "401 session_revoked";
                    },
                    $"{page.Url} refuses");
            }));
        }
    }
}
