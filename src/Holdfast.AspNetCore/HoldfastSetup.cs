using Holdfast;
using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Authorization;
using Holdfast.AspNetCore.Chain;
using Holdfast.AspNetCore.Connections;
using Holdfast.AspNetCore.Csrf;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Limits;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Adds Holdfast to an application.</summary>
    public static class HoldfastServiceCollectionExtensions
    {
        /// <summary>
        /// Adds sessions: the engine, the authentication scheme <c>Holdfast</c> (the default one, unless another is set) and CSRF protection.
        /// Settings come from the section <c>Holdfast</c>, then from code. Choose a store on what it returns; calling it again only adds
        /// settings.
        /// </summary>
        public static HoldfastBuilder AddHoldfast(
            this IServiceCollection services, Action<HoldfastOptions>? configure = null, Action<HoldfastWebOptions>? configureWeb = null)
        {
            var builder = HoldfastBuilder.Create(services);
            if (!services.Any(service => service.ServiceType == typeof(AuthPath)))
            {
                AddOnce(services);
            }

            services.Configure(configure ?? (_ => { })).Configure(configureWeb ?? (_ => { }));
            return builder;
        }

        private static void AddOnce(IServiceCollection services)
        {
            services.AddOptions<HoldfastOptions>()
                .BindConfiguration(HoldfastOptions.SectionName)
                .PostConfigure<IHostEnvironment>((options, host) =>
                    options.Environment = options.Environment.Length > 0 ? options.Environment : host.EnvironmentName);
            services.AddOptions<HoldfastWebOptions>().BindConfiguration(HoldfastOptions.SectionName).ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HoldfastWebOptions>, WebOptionsRules>());
            services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<HoldfastWebOptions>>().Value);
            services.TryAddSingleton<AuthPath>();
            services.AddAuthorization();
            services.AddSingleton<StockAuthentication>();
            services.AddSingleton<StockAuthorization>();
            services.AddSingleton<IAuthorizationHandler, StepUpAuthorization>();
            if (services.LastOrDefault(service => service.ServiceType == typeof(IAuthorizationMiddlewareResultHandler)) is not { } handler
                || handler.ImplementationType == typeof(AuthorizationMiddlewareResultHandler))
            {
                services.Replace(ServiceDescriptor.Singleton<IAuthorizationMiddlewareResultHandler, StepUpResults>());
            }

            services.AddAuthentication().AddHoldfast(HoldfastDefaults.AuthenticationScheme, _ => { });
            services.AddOptions<AuthenticationOptions>().PostConfigure(options => options.DefaultScheme ??= HoldfastDefaults.AuthenticationScheme);
            services.AddAntiforgery();
            services.Replace(ServiceDescriptor.Singleton<IAntiforgery, HoldfastAntiforgery>());
            services.AddHostedService<CsrfOptOuts>();
            services.AddSingleton<RemoteCallbacks>();
            services.AddSingleton(provider => new SessionBudgets(
                RequestBudget.PerMinute(provider.GetRequiredService<HoldfastWebOptions>().RequestsPerMinutePerSession),
                provider.GetRequiredService<Holdfast.ISessionStore>() as ISharedBudgets,
                provider.GetRequiredService<TimeProvider>()));
            services.AddHostedService<BudgetReconciliation>();
            services.AddSingleton<OpenConnections>();
            services.AddHostedService(provider => provider.GetRequiredService<OpenConnections>());
            services.AddSingleton<HubSessions>();
            services.Configure<HubOptions>(options => options.AddFilter<HubSessions>());
        }
    }

    /// <summary>Adds the scheme by hand.</summary>
    public static class HoldfastAuthenticationBuilderExtensions
    {
        /// <summary>Adds the scheme under another name, or once more, with its own sign-in page.</summary>
        public static AuthenticationBuilder AddHoldfast(
            this AuthenticationBuilder builder, string scheme, Action<HoldfastSchemeOptions> configure) =>
            builder.AddScheme<HoldfastSchemeOptions, HoldfastHandler>(scheme, configure);
    }

    /// <summary>Adds the health check.</summary>
    public static class HoldfastHealthChecksBuilderExtensions
    {
        /// <summary>Adds a check that the session store answers.</summary>
        public static IHealthChecksBuilder AddHoldfast(this IHealthChecksBuilder builder, params IEnumerable<string> tags) =>
            builder.Add(new HealthCheckRegistration(
                "holdfast", provider => ActivatorUtilities.CreateInstance<StoreHealthCheck>(provider), HealthStatus.Unhealthy, tags));
    }
}

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>The chain that every request walks, and its pieces, each usable alone.</summary>
    public static class HoldfastApplicationBuilderExtensions
    {
        /// <summary>The whole chain, in the order that matters. Endpoints come after it.</summary>
        public static IApplicationBuilder UseHoldfast(this IApplicationBuilder app) => app
            .UseHoldfastSecurityHeaders()
            .UseHoldfastHttps()
            .UseHoldfastAddressLimit()
            .UseMiddleware<SessionMiddleware>()
            .UseHoldfastCsrf()
            .UseHoldfastSessionLimit()
            .UseSessionUser()
            .UseMiddleware<SessionAuthorization>();

        /// <summary>Security headers on every answer, each only if the application has not set it.</summary>
        public static IApplicationBuilder UseHoldfastSecurityHeaders(this IApplicationBuilder app) => app.UseMiddleware<SecurityHeaders>();

        /// <summary>No credentials over plain HTTP, except on this machine.</summary>
        public static IApplicationBuilder UseHoldfastHttps(this IApplicationBuilder app) => app.UseMiddleware<HttpsRequirement>();

        /// <summary>A limit on requests from one address.</summary>
        public static IApplicationBuilder UseHoldfastAddressLimit(this IApplicationBuilder app) => app.UseMiddleware<RateLimits.ByAddress>();

        /// <summary>
        /// Checks the session of each request, 503 if nobody can say, and makes it <c>HttpContext.User</c>. Takes the place of
        /// <c>UseAuthentication</c>; endpoints that require authorization need <c>UseAuthorization</c> after it.
        /// </summary>
        public static IApplicationBuilder UseHoldfastSessions(this IApplicationBuilder app) => app.UseMiddleware<SessionMiddleware>().UseSessionUser();

        /// <summary>Protection from requests that other sites make. Needs the sessions before it.</summary>
        public static IApplicationBuilder UseHoldfastCsrf(this IApplicationBuilder app) => app.UseMiddleware<CsrfMiddleware>();

        // A WebApplication puts authentication and authorization before everything else, unless these say that they have their place.
        private static IApplicationBuilder UseSessionUser(this IApplicationBuilder app)
        {
            app.Properties["__AuthenticationMiddlewareSet"] = true;
            app.Properties["__AuthorizationMiddlewareSet"] = true;
            return app.UseMiddleware<SessionAuthentication>();
        }

        /// <summary>A limit on requests with one session. Needs the sessions before it.</summary>
        public static IApplicationBuilder UseHoldfastSessionLimit(this IApplicationBuilder app) => app.UseMiddleware<RateLimits.BySession>();
    }
}

namespace Microsoft.AspNetCore.Routing
{
    /// <summary>The endpoints that browsers and API clients use.</summary>
    public static class HoldfastEndpointRouteBuilderExtensions
    {
        /// <summary>
        /// Maps <c>session</c>, <c>sessions</c>, <c>logout</c>, <c>refresh</c> and <c>csrf</c> under <paramref name="path"/>, and
        /// <c>/.well-known/jwks.json</c>. None of them keeps a session from idling out.
        /// </summary>
        public static RouteGroupBuilder MapHoldfast(this IEndpointRouteBuilder endpoints, string path = "/auth")
        {
            endpoints.ServiceProvider.GetRequiredService<AuthPath>().Value = path;
            endpoints.MapGet("/.well-known/jwks.json", SessionEndpoints.JwksAsync).AsMachineTraffic().AddEndpointFilter(UnexpectedErrors.AnswerAsync);
            var group = endpoints.MapGroup(path);
            group.AsMachineTraffic().AddEndpointFilter(UnexpectedErrors.AnswerAsync);
            group.MapGet("/session", SessionEndpoints.CurrentAsync);
            group.MapGet("/sessions", SessionEndpoints.ListAsync);
            group.MapDelete("/sessions/{sid}", SessionEndpoints.EndAsync);
            group.MapPost("/logout", LogoutEndpoint.HandleAsync);
            group.MapPost("/refresh", RefreshEndpoint.HandleAsync).WithMetadata(new CsrfMiddleware.ProvenByBody());
            group.MapGet("/csrf", SessionEndpoints.CsrfAsync);
            return group;
        }
    }
}

namespace Microsoft.AspNetCore.Http
{
    /// <summary>Sessions, from the request.</summary>
    public static class HoldfastHttpContextExtensions
    {
        /// <summary>The session of this request. Call <c>UseHoldfast</c> (or <c>UseHoldfastSessions</c>) before.</summary>
        public static HoldfastSession GetHoldfastSession(this HttpContext context) =>
            new(context, context.Features.Get<RequestSession>() ?? throw new InvalidOperationException(
                "The session of this request was not checked: call app.UseHoldfast() before the code that asks for it."));

        /// <summary>
        /// Call it before a proof is checked: should all sessions of this subject be ended while the check runs, the sign-in that follows
        /// is refused.
        /// </summary>
        public static async Task BeginHoldfastSignInAsync(this HttpContext context, string subject)
        {
            var manager = context.RequestServices.GetRequiredService<SessionManager>();
            var reading = await manager.BeginSignInAsync(RequestSession.Tenant, subject, context.RequestAborted);
            context.Features.Set(new SignInFlow.BegunSignIn(subject, reading));
        }

        /// <summary>
        /// Starts a session that API, mobile and service clients hold as an access and a refresh token, to be sent in the body of the
        /// answer (with <c>Cache-Control: no-store</c>, which this sets).
        /// </summary>
        /// <exception cref="SignInRefusedException">The limit of sessions, or an "end all" in between.</exception>
        public static async Task<Holdfast.Protocol.TokenResponse> SignInForTokensAsync(this HttpContext context, System.Security.Claims.ClaimsPrincipal user)
        {
            var result = await SignInFlow.SignInAsync(context, user, SessionTransport.Tokens, remembered: false);
            context.Response.Headers.CacheControl = "no-store";
            return Answers.Tokens(result.Credentials!, result.Session!.CreatedAt);
        }

        /// <summary>
        /// Starts a session whose access and refresh token travel in HttpOnly cookies, for single-page applications that call several APIs.
        /// </summary>
        /// <exception cref="SignInRefusedException">The limit of sessions, or an "end all" in between.</exception>
        public static Task SignInWithTokenCookiesAsync(this HttpContext context, System.Security.Claims.ClaimsPrincipal user) =>
            SignInFlow.SignInAsync(context, user, SessionTransport.TokenCookies, remembered: false);

        /// <summary>
        /// Records a sign-in that failed, where Holdfast cannot see it by itself. Give the account that was tried, never what was tried.
        /// </summary>
        public static async Task RecordSignInFailureAsync(this HttpContext context, string? subject, string reason)
        {
            var request = await RequestSession.OfAsync(context);
            await context.RequestServices.GetRequiredService<SessionManager>()
                .RecordFailureAsync(RequestSession.Tenant, subject, reason, request.Caller);
        }
    }
}

namespace Holdfast.AspNetCore
{
    internal sealed class WebOptionsRules : IValidateOptions<HoldfastWebOptions>
    {
        public ValidateOptionsResult Validate(string? name, HoldfastWebOptions options)
        {
            var broken = options.Validate().ToArray();
            return broken.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(broken.Select(rule => "Holdfast: " + rule));
        }
    }
}
