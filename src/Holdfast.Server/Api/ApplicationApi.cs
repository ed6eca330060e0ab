using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Protocol;
using Holdfast.Server.OAuth;

namespace Holdfast.Server.Api;

/// <summary>What a client asks first: who it is here, and by which rules it may check sessions by itself.</summary>
internal static class ApplicationApi
{
    public static Task Handle(HttpContext context, HoldfastOptions options, HoldfastWebOptions web)
    {
        var application = CallingApplication.Of(context);
        return Answers.WriteAsync(context, new ApplicationRecord
        {
            Id = application.Id,
            Tenant = application.Terms.Tenant,
            Audience = application.Terms.Audience,
            Issuer = options.Issuer,
            JwksUri = ServerMetadata.AddressOf(options, ServerMetadata.JwksPath),
            Transports = application.Application.Transports,
            Scopes = application.Application.Scopes,
            MaxStalenessMs = (long)options.MaxStaleness.TotalMilliseconds,
            AccessTokenClaims = [.. options.AccessTokenClaims],
            SameSite = web.SameSite == CookieSameSite.Strict ? "strict" : "lax",
        });
    }
}
