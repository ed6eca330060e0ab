using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Bench.Variants;

/// <summary>What ASP.NET Core brings along, with its defaults.</summary>
internal static class Stock
{
    public static Variant Bare { get; } = new("Bare endpoint", (_, _) => { }, app =>
    {
        app.MapConstant();
        app.MapPost("/sign-in", () => "X-Nothing: 1");
    });

    public static Variant Cookie { get; } = new("ASP.NET Core cookie", (builder, _) => AddCookie(builder), app => UseCookie(app, authorize: false));

    public static Variant CookieAuthorized { get; } = new("ASP.NET Core cookie, [Authorize]", (builder, _) =>
    {
        AddCookie(builder);
        builder.Services.AddAuthorization();
    }, app => UseCookie(app, authorize: true));

    public static Variant CookieInRedis { get; } = new("ASP.NET Core cookie + ITicketStore on Redis", (builder, backing) =>
    {
        AddCookie(builder);
        builder.Services.AddStackExchangeRedisCache(redis => redis.Configuration = backing.Redis);
        builder.Services.AddSingleton<CachedTickets>();
        builder.Services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<CachedTickets>((options, tickets) => options.SessionStore = tickets);
    }, app => UseCookie(app, authorize: false))
    {
        NeedsRedis = true,
    };

    public static Variant JwtHs256 { get; } = Jwt("HS256", new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));

    public static Variant JwtEs256 { get; } = Jwt("ES256", new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)));

    public static Variant Session { get; } = new("ASP.NET Core AddSession in memory", (builder, _) =>
    {
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddDistributedMemoryCache();
        builder.Services.AddSession();
    }, UseSession)
    {
        OverHttp = false,
    };

    public static Variant SessionInRedis { get; } = new("ASP.NET Core AddSession on Redis", (builder, backing) =>
    {
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddStackExchangeRedisCache(redis => redis.Configuration = backing.Redis);
        builder.Services.AddSession();
    }, UseSession)
    {
        NeedsRedis = true,
    };

    public static Variant Antiforgery { get; } = new("ASP.NET Core antiforgery, POST", (builder, _) =>
    {
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAntiforgery();
    }, app =>
    {
        var antiforgery = app.Services.GetRequiredService<IAntiforgery>();
        app.MapPost("/", async http =>
        {
            await antiforgery.ValidateRequestAsync(http);
            await http.Response.WriteAsync("user-0000001");
        });
        app.MapPost("/sign-in", http =>
        {
            var tokens = antiforgery.GetTokens(http);
            var cookie = app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<AntiforgeryOptions>>().Value.Cookie.Name;
            return http.Response.WriteAsync($"Cookie: {cookie}={tokens.CookieToken}\t{tokens.HeaderName}: {tokens.RequestToken}");
        });
    })
    {
        Method = "POST",
        OverHttp = false,
    };

    private static void AddCookie(WebApplicationBuilder builder)
    {
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
    }

    private static void UseCookie(WebApplication app, bool authorize)
    {
        var endpoint = app.MapSubject();
        if (authorize)
        {
            endpoint.RequireAuthorization();
        }

        app.MapPost("/sign-in", (HttpContext http) => http.SignInAsync(Endpoints.User(1)));
    }

    private static Variant Jwt(string algorithm, SecurityKey key)
    {
        key.KeyId = "bench";
        return new Variant($"JwtBearer {algorithm}", (builder, _) => builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
        {
            options.MapInboundClaims = false;
            options.TokenValidationParameters = new TokenValidationParameters
            {
                ValidIssuer = "https://bench.example",
                ValidAudience = "https://bench.example",
                IssuerSigningKey = key,
                ValidAlgorithms = [algorithm],
            };
        }), app =>
        {
            app.MapSubject("sub");
            app.MapPost("/sign-in", () => "Authorization: Bearer " + new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                Issuer = "https://bench.example",
                Audience = "https://bench.example",
                Subject = new ClaimsIdentity([new Claim("sub", Endpoints.SubjectOf(1)), new Claim("name", "Ada Lovelace"), new Claim("email", "ada@example.com")]),
                SigningCredentials = new SigningCredentials(key, algorithm),
            }));
        });
    }

    // Loaded before the endpoint runs: read synchronously, it would starve the thread pool.
    private static void UseSession(WebApplication app)
    {
        app.UseSession();
        app.Use(async (http, next) =>
        {
            await http.Session.LoadAsync(http.RequestAborted);
            await next(http);
        });
        app.MapGet("/", http => http.Response.WriteAsync(http.Session.GetString("subject")!));
        app.MapPost("/sign-in", http =>
        {
            http.Session.SetString("subject", Endpoints.SubjectOf(1));
            http.Session.SetString("name", "Ada Lovelace");
            return Task.CompletedTask;
        });
    }

    private sealed class CachedTickets(IDistributedCache cache) : ITicketStore
    {
        public async Task<string> StoreAsync(AuthenticationTicket ticket)
        {
            var key = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
            await RenewAsync(key, ticket);
            return key;
        }

        public Task RenewAsync(string key, AuthenticationTicket ticket) => cache.SetAsync(
            key, TicketSerializer.Default.Serialize(ticket), new DistributedCacheEntryOptions { AbsoluteExpiration = ticket.Properties.ExpiresUtc });

        public async Task<AuthenticationTicket?> RetrieveAsync(string key) =>
            await cache.GetAsync(key) is { } bytes ? TicketSerializer.Default.Deserialize(bytes) : null;

        public Task RemoveAsync(string key) => cache.RemoveAsync(key);
    }
}
