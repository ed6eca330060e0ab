using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

namespace Adopted;

/// <summary>Sign-in at an identity provider with the stock OpenID Connect handler.</summary>
public static class OidcApp
{
    /// <summary>Builds it.</summary>
    public static Task<WebApplication> CreateAsync(AdoptedSettings settings, Action<WebApplicationBuilder>? configure)
    {
        var builder = AdoptedApps.Builder(settings, configure);
        builder.Services.AddAuthentication(options => options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme).AddOpenIdConnect(options =>
        {
            options.Authority = settings.Authority;
            options.RequireHttpsMetadata = settings.Authority.StartsWith("https:", StringComparison.Ordinal);
            options.ClientId = "holdfast-sample";
            options.ClientSecret = "a secret of a sample that guards nothing";
            options.ResponseType = "code";
            options.MapInboundClaims = false;
            options.TokenValidationParameters.NameClaimType = "sub";
        });
        builder.Services.AddHoldfast().UseSqlite(Path.Combine(settings.Directory, "sessions.db")).UseForOpenIdConnect();

        var app = builder.Build();
        app.UseHoldfast();
        app.MapGet("/", (ClaimsPrincipal user) => Results.Content(
            $"<!doctype html><title>OIDC</title><h1>Hello {user.Identity!.Name}</h1><p>provider session <output>{user.FindFirstValue("sid")}</output></p>", "text/html"))
            .RequireAuthorization();
        app.MapBackChannelLogout();
        app.MapHoldfast();
        return Task.FromResult(app);
    }
}
