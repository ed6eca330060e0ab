using System.Security.Claims;

namespace Adopted;

/// <summary>Where an application listens and keeps its files.</summary>
public sealed record AdoptedSettings(string Address, string Directory)
{
    /// <summary>The identity provider of the OpenID Connect sample.</summary>
    public string Authority { get; init; } = "";
}

/// <summary>All of them.</summary>
public static class AdoptedApps
{
    private static readonly Dictionary<string, Func<AdoptedSettings, Action<WebApplicationBuilder>?, Task<WebApplication>>> Known = new()
    {
        ["razor"] = RazorApp.CreateAsync,
        ["mvc"] = MvcApp.CreateAsync,
        ["bearer"] = BearerApp.CreateAsync,
        ["chat"] = ChatApp.CreateAsync,
        ["blazor"] = BlazorApp.CreateAsync,
        ["oidc"] = OidcApp.CreateAsync,
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The one of this name, or null.</summary>
    public static Func<AdoptedSettings, Action<WebApplicationBuilder>?, Task<WebApplication>>? Find(string? name) => name is null ? null : Known.GetValueOrDefault(name);

    internal static WebApplicationBuilder Builder(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        Directory.CreateDirectory(settings.Directory);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(AdoptedApps).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = "Sample",
        });
        builder.WebHost.UseUrls(settings.Address);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        configure?.Invoke(builder);
        return builder;
    }
}

/// <summary>The account that every sample knows.</summary>
public static class DemoUser
{
    /// <summary>Its name.</summary>
    public const string Name = "ada";

    /// <summary>Its password, no secret.</summary>
    public const string Password = "Correct-horse-1";

    internal static bool Accepts(string name, string password) => name == Name && password == Password;

    internal static ClaimsPrincipal Principal(string scheme) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, Name), new Claim(ClaimTypes.Name, Name)], scheme));
}
