using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Antiforgery;

namespace SharedNotes;

/// <summary>The two pages, from the templates that all samples share.</summary>
internal static partial class Pages
{
    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "shared");

    public static IResult Login(HttpContext http, string error = "", int status = StatusCodes.Status200OK) =>
        Fill(http, "login.html", status, ("error", error));

    public static IResult Home(HttpContext http) => http.GetHoldfastSession().Subject is { } subject
        ? Fill(http, "home.html", StatusCodes.Status200OK, ("name", http.User.FindFirstValue("name") ?? subject)) : SeeOther(http, "/login");

    /// <summary>303: whatever the method was, the browser gets the page next.</summary>
    public static IResult SeeOther(HttpContext http, string path)
    {
        http.Response.Headers.Location = path;
        http.Response.Headers.CacheControl = "no-store";
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static IResult Fill(HttpContext http, string template, int status, (string Name, string Value) more)
    {
        var token = http.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(http).RequestToken!;
        var values = new Dictionary<string, string> { ["backend"] = "ASP.NET Core", ["csrf_token"] = token, [more.Name] = more.Value };
        var text = File.ReadAllText(Path.Combine(Directory, template));
        var page = Placeholder().Replace(text, match => HtmlEncoder.Default.Encode(values[match.Groups[1].Value]));
        return Results.Content(page, "text/html", Encoding.UTF8, status);
    }

    [GeneratedRegex(@"\{\{ (\w+) \}\}")]
    private static partial Regex Placeholder();
}
