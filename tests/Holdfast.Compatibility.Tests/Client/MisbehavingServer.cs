using Microsoft.Playwright;

namespace Holdfast.Compatibility.Tests.Client;

/// <summary>Answers what a test tells it to, so that the client meets what no working server says.</summary>
internal sealed class MisbehavingServer
{
    private const string Origin = "http://localhost:1";

    private static readonly string Script = Path.Combine(Backends.Backend.Repository, "samples", "shared", "holdfast-browser.js");

    private readonly Dictionary<string, Func<IRequest, RouteFulfillOptions?>> _answers = new()
    {
        ["/"] = _ => new RouteFulfillOptions { ContentType = "text/html", Body = "<!doctype html><title>A page</title>" },
        ["/holdfast-browser.js"] = _ => new RouteFulfillOptions { ContentType = "text/javascript", Path = Script },
        ["/auth/csrf"] = _ => Json(200, """{"token":"first","header":"X-CSRF-Token","field":"csrf_token"}"""),
        ["/auth/session"] = _ => Refusal(401, "token_expired"),
    };

    /// <summary>What was asked, in order: <c>POST /auth/refresh</c>.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>Answers requests for <paramref name="path"/>; null cuts the connection.</summary>
    public MisbehavingServer On(string path, Func<IRequest, RouteFulfillOptions?> answer)
    {
        _answers[path] = answer;
        return this;
    }

    public async Task<IPage> OpenAsync(IBrowserContext context, string without = "")
    {
        await context.AddInitScriptAsync(without + ";");
        await context.RouteAsync("**/*", async route =>
        {
            var path = new Uri(route.Request.Url).AbsolutePath;
            if (path is not ("/" or "/holdfast-browser.js"))
            {
                lock (Asked)
                {
                    Asked.Add($"{route.Request.Method} {path}");
                }
            }

            if (_answers.TryGetValue(path, out var answer) && answer(route.Request) is { } given)
            {
                await route.FulfillAsync(given);
                return;
            }

            await route.AbortAsync();
        });
        return await TabAsync(context);
    }

    /// <summary>A page with the client in <c>client</c>, and what it said in <c>heard</c>.</summary>
    public static async Task<IPage> TabAsync(IBrowserContext context, string options = "{}")
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(Origin + "/");
        await page.EvaluateAsync($$"""
            async () => {
              globalThis.client = (await import('/holdfast-browser.js')).createClient({{options}})
              globalThis.heard = []
              for (const name of ['signed-in', 'signed-out', 'expired', 'idle-warning']) client.on(name, detail => heard.push([name, detail.reason ?? detail.sid ?? ''].join(' ').trim()))
            }
            """);
        return page;
    }

    public static RouteFulfillOptions Refusal(int status, string reason) => new()
    {
        Status = status,
        ContentType = "application/problem+json",
        Body = $$"""{"type":"urn:holdfast:reason:{{reason}}","title":"No.","status":{{status}},"reason":"{{reason}}"}""",
    };

    public static RouteFulfillOptions Json(int status, string body) => new() { Status = status, ContentType = "application/json", Body = body };

    public static RouteFulfillOptions Session(string sid, TimeSpan idle, TimeSpan usedBefore)
    {
        var now = TimeProvider.System.GetUtcNow();
        return Json(200, $$"""{"sid":"{{sid}}","subject":"ada","last_seen_at":"{{now - usedBefore:O}}","idle_expires_at":"{{now + idle:O}}","expires_at":"{{now.AddHours(8):O}}"}""");
    }
}
