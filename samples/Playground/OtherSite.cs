using System.Net.Mime;
using System.Text;

namespace Playground;

/// <summary>
/// Another site, on another port: a page whose form posts to ours with the visitor's cookies, if their browser sends them. It stands
/// before Holdfast, as it would on another server.
/// </summary>
public static class OtherSite
{
    /// <summary>Answers everything on the other port.</summary>
    public static void UseOtherSite(this WebApplication app, PlaygroundSettings settings) => app.Use((context, next) =>
    {
        if (context.Request.Host.Port != settings.OtherPort)
        {
            return next(context);
        }

        context.Response.ContentType = MediaTypeNames.Text.Html;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(Page(settings), Encoding.UTF8, context.RequestAborted);
    });

    private static string Page(PlaygroundSettings settings) => $$"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>You have won!</title>
        <style>
          body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 10vh auto; padding: 0 1rem; background: #fff7e6; color: #40230a }
          button { font: inherit; padding: .6rem 1.2rem; border: 0; border-radius: .5rem; background: #c2410c; color: #fff; cursor: pointer }
        </style>
        <h1>You have won!</h1>
        <p>This page is another site. Its button sends a form to the playground, with your cookies if your browser lets it.</p>
        <form method="post" action="{{settings.Address}}/auth/logout">
          <input type="hidden" name="scope" value="all">
          <button id="claim">Claim your prize</button>
        </form>
        </html>
        """;
}
