using System.Security.Claims;
using System.Text.Encodings.Web;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Holdfast.Bench.Variants;

/// <summary>The pieces of which a check in ASP.NET Core is made, each alone before the bare endpoint: where nanoseconds and bytes go.</summary>
internal static class Anatomy
{
    public static IReadOnlyList<Variant> All { get; } =
    [
        Piece("an empty middleware", (_, next) => next),
        new("HttpContext kept for IHttpContextAccessor", (builder, _) => builder.Services.AddHttpContextAccessor(), Endpoint),
        Piece("an async middleware", (_, next) => async context => await next(context)),
        Piece("a service from RequestServices", (_, next) => context =>
        {
            context.RequestServices.GetRequiredService<TimeProvider>();
            return next(context);
        }),
        Piece("OnStarting with a closure", (_, next) => context =>
        {
            context.Response.OnStarting(() => context.Response.HasStarted ? Task.CompletedTask : Task.CompletedTask);
            return next(context);
        }),
        Piece("OnStarting with a static callback", (_, next) => context =>
        {
            context.Response.OnStarting(static state => Task.CompletedTask, context);
            return next(context);
        }),
        Piece("a feature of our own, set and read", (_, next) => context =>
        {
            context.Features.Set(new Marker());
            return context.Features.Get<Marker>() is null ? Task.CompletedTask : next(context);
        }),
        Piece("a feature that is not there, asked for", (_, next) => context => context.Features.Get<Marker>() is not null ? Task.CompletedTask : next(context)),
        Piece("the trace identifier", (_, next) => context => context.TraceIdentifier.Length == 0 ? Task.CompletedTask : next(context)),
        Piece("address, agent and trace as strings", (_, next) => context =>
        {
            var caller = new Caller(context.Connection.RemoteIpAddress?.ToString(), context.Request.Headers.UserAgent.ToString(), context.TraceIdentifier);
            return caller.Address is null ? Task.CompletedTask : next(context);
        }),
        Piece("the user, set", (_, next) =>
        {
            var user = Endpoints.User(1);
            return context =>
            {
                context.User = user;
                return next(context);
            };
        }),
        Piece("a principal with 6 claims, built", (_, next) => context =>
        {
            var identity = new ClaimsIdentity("bench");
            for (var claim = 0; claim < 6; claim++)
            {
                identity.AddClaim(new Claim(ClaimTypes.Name, "Ada Lovelace"));
            }

            return new ClaimsPrincipal(identity).Identity is null ? Task.CompletedTask : next(context);
        }),
        Scheme("UseAuthentication, a scheme without result", answers: false, authorize: false, require: false),
        Scheme("UseAuthentication, a scheme with result", answers: true, authorize: false, require: false),
        Scheme("the same and UseAuthorization", answers: true, authorize: true, require: false),
        Scheme("the same and [Authorize]", answers: true, authorize: true, require: true),
        Part("Holdfast's engine alone, cookie", Holdfasts.MapSignIn, app =>
        {
            var manager = app.Services.GetRequiredService<SessionManager>();
            app.Use(next => async context =>
            {
                if (context.Request.Headers.Cookie is [{ } cookie])
                {
                    await manager.CheckCookieAsync(cookie[(SessionCookie.Name.Length + 1)..], SessionPolicy.DefaultTenant, false, Caller.Application, default);
                }

                await next(context);
            });
        }),
        Part("Holdfast's engine alone, token", Holdfasts.MapSignInForTokens, app =>
        {
            var (manager, terms) = (app.Services.GetRequiredService<SessionManager>(), app.Services.GetRequiredService<SessionTerms>());
            app.Use(next => async context =>
            {
                if (context.Request.Headers.Authorization is [{ } token])
                {
                    await manager.CheckAccessTokenAsync(token["Bearer ".Length..], terms, Caller.Application, default);
                }

                await next(context);
            });
        }),
        Part("Holdfast's middleware alone, cookie", Holdfasts.MapSignIn, app => app.UseHoldfastSessions()),
        Part("Holdfast's middleware alone, token", Holdfasts.MapSignInForTokens, app => app.UseHoldfastSessions()),
    ];

    // WebApplication puts UseAuthentication and UseAuthorization before everything as soon as their services are there; not here.
    private static Variant Part(string name, Action<WebApplication> mapSignIn, Action<WebApplication> use) => new(
        name,
        (builder, backing) => Holdfasts.AddHoldfast(builder.Services, backing, 0),
        app =>
        {
            var properties = ((IApplicationBuilder)app).Properties;
            properties["__AuthenticationMiddlewareSet"] = properties["__AuthorizationMiddlewareSet"] = true;
            use(app);
            app.MapConstant();
            mapSignIn(app);
        });

    private static Variant Piece(string name, Func<IServiceProvider, RequestDelegate, RequestDelegate> middleware) => new(
        name,
        (builder, _) => builder.Services.AddSingleton(TimeProvider.System),
        app =>
        {
            app.Use(next => middleware(app.Services, next));
            Endpoint(app);
        });

    private static Variant Scheme(string name, bool answers, bool authorize, bool require) => new(
        name,
        (builder, _) =>
        {
            builder.Services.AddAuthentication("bench").AddScheme<AuthenticationSchemeOptions, Fixed>("bench", options => options.ClaimsIssuer = answers ? "yes" : "no");
            if (authorize)
            {
                builder.Services.AddAuthorization();
            }
        },
        app =>
        {
            app.UseAuthentication();
            if (authorize)
            {
                app.UseAuthorization();
            }

            var endpoint = app.MapConstant();
            if (require)
            {
                endpoint.RequireAuthorization();
            }

            app.MapPost("/sign-in", () => "X-Nothing: 1");
        });

    private static void Endpoint(WebApplication app)
    {
        app.MapConstant();
        app.MapPost("/sign-in", () => "X-Nothing: 1");
    }

    private sealed class Marker;

    private sealed class Fixed(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        private static readonly Task<AuthenticateResult> Nothing = Task.FromResult(AuthenticateResult.NoResult());
        private static readonly ClaimsPrincipal User = Endpoints.User(1);

        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Options.ClaimsIssuer == "yes"
            ? Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(User, Scheme.Name))) : Nothing;
    }
}
