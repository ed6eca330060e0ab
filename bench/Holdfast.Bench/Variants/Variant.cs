using System.Security.Claims;

namespace Holdfast.Bench.Variants;

/// <summary>
/// One way to know who asks: an application of its own, so that none pays for what another registered. <c>GET /</c> is measured; it
/// answers the subject, which is as long as the bare endpoint's constant. <c>POST /sign-in</c> gives what a client then sends: a cookie,
/// or lines of text, each the headers of one request with tabs between them.
/// </summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="Add">Its services.</param>
/// <param name="Use">Its pipeline and endpoints.</param>
internal sealed record Variant(string Name, Action<WebApplicationBuilder, Backing> Add, Action<WebApplication> Use)
{
    /// <summary>The method that is measured.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Whether it keeps something in Redis, whatever store Holdfast uses. It is then measured over HTTP alone.</summary>
    public bool NeedsRedis { get; init; }

    /// <summary>Whether it is measured over HTTP.</summary>
    public bool OverHttp { get; init; } = true;

    /// <summary>Whether it is measured without a socket.</summary>
    public bool InProcess { get; init; } = true;

    /// <summary>The arguments that name it on a command line.</summary>
    public string Id => string.Concat(Name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-')).Replace("--", "-", StringComparison.Ordinal);

    /// <summary>The application, ready to start.</summary>
    public WebApplication Build(Backing backing, Action<WebApplicationBuilder> host)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        host(builder);
        Add(builder, backing);
        var app = builder.Build();
        Use(app);
        return app;
    }
}

/// <summary>Where a variant keeps what it keeps.</summary>
/// <param name="Store">Holdfast's: <c>memory</c>, <c>sqlite</c> or <c>redis</c>.</param>
/// <param name="Redis">Where Redis is; empty in process.</param>
internal sealed record Backing(string Store, string Redis)
{
    public static Backing Memory { get; } = new("memory", "");
}

/// <summary>What every variant's endpoints share.</summary>
internal static class Endpoints
{
    public static string SubjectOf(int number) => $"user-{number:D7}";

    public static ClaimsPrincipal User(int number, string scheme = "bench") => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, SubjectOf(number)), new Claim(ClaimTypes.Name, "Ada Lovelace"), new Claim(ClaimTypes.Email, "ada@example.com")],
        scheme));

    /// <summary>The endpoint of everybody who sets <see cref="HttpContext.User"/>.</summary>
    public static IEndpointConventionBuilder MapSubject(this WebApplication app, string claim = ClaimTypes.NameIdentifier) =>
        app.MapGet("/", http => http.Response.WriteAsync(http.User.FindFirst(claim)!.Value));

    public static IEndpointConventionBuilder MapConstant(this WebApplication app) =>
        app.MapGet("/", http => http.Response.WriteAsync("user-0000001"));
}
