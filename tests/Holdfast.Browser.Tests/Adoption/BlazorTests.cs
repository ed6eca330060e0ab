using System.Diagnostics;
using Adopted;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Adoption;

/// <summary>A Blazor Server circuit, in a process of its own: the framework's script is found only beside the application.</summary>
[Collection("one browser")]
public sealed class BlazorTests(Chromium chromium)
{
    [Fact]
    [Requirement("LO-03")]
    public async Task A_circuit_loses_its_user_when_the_session_ends_in_another_tab()
    {
        var data = Directory.CreateTempSubdirectory("holdfast-blazor-");
        var address = $"http://localhost:{RunningSample.FreePort()}";
        using var app = await StartAsync(address, data.FullName);
        try
        {
            await using var context = await chromium.Browser.NewContextAsync();
            var page = await context.NewPageAsync();
            await page.GotoAsync($"{address}/counter");
            await page.GetByLabel("Name").FillAsync(DemoUser.Name);
            await page.GetByLabel("Password").FillAsync(DemoUser.Password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            var counted = page.Locator("output");
            await Expect(page.GetByText("ada counted to")).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Count" }).ClickAsync();
            await Expect(counted).ToHaveTextAsync("1");

            var other = await context.NewPageAsync();
            await other.GotoAsync($"{address}/counter");
            Assert.Equal(204, await other.EvaluateAsync<int>("""
                async () => {
                  const { token, header } = await (await fetch("/auth/csrf")).json();
                  return (await fetch("/auth/logout", { method: "POST", headers: { [header]: token, "Content-Type": "application/json" }, body: "{}" })).status;
                }
                """));
            await Expect(page.GetByText("nobody is signed in")).ToBeVisibleAsync(new() { Timeout = 20_000 });
            await Expect(counted).ToHaveCountAsync(0);
        }
        finally
        {
            app.Kill();
            await app.WaitForExitAsync();
            data.Delete(recursive: true);
        }
    }

    private static async Task<Process> StartAsync(string address, string data)
    {
        var assembly = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../samples/Adopted/bin/Debug/net10.0/Adopted.dll"));
        var process = Process.Start(new ProcessStartInfo("dotnet", [assembly, "blazor"])
        {
            RedirectStandardOutput = true,
            Environment = { ["URL"] = address, ["DATA"] = data },
        })!;
        await process.StandardOutput.ReadLineAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        using var http = new HttpClient();
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                await http.GetAsync($"{address}/counter");
                return process;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }

        throw new InvalidOperationException("The sample did not start.");
    }
}
