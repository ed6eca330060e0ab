using System.Security.Claims;
using Holdfast;
using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Accounts;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Holdfast under ASP.NET Core Identity.</summary>
    public static class HoldfastIdentityExtensions
    {
        /// <summary>
        /// Puts Identity's application sign-in on Holdfast sessions: <c>SignInManager</c> and everything above it works unchanged. A changed
        /// security stamp, a deletion or a lockout ends the user's sessions, and failed sign-ins are recorded. Call it after
        /// <c>AddIdentity</c>, or name the user's type.
        /// </summary>
        /// <exception cref="HoldfastConfigurationException">Identity has not been added yet, so its user's type is unknown.</exception>
        public static HoldfastBuilder UseForIdentity(this HoldfastBuilder builder)
        {
            var manager = builder.Services.FirstOrDefault(
                service => service.ServiceType.IsGenericType && service.ServiceType.GetGenericTypeDefinition() == typeof(UserManager<>))
                ?? throw new HoldfastConfigurationException("Call UseForIdentity() after AddIdentity, or UseForIdentity<TUser>() anywhere.");
            var generic = typeof(HoldfastIdentityExtensions).GetMethods().Single(method => method is { Name: nameof(UseForIdentity), IsGenericMethod: true });
            return (HoldfastBuilder)generic.MakeGenericMethod(manager.ServiceType.GetGenericArguments()).Invoke(null, [builder])!;
        }

        /// <summary>The same, for users of a given type, before or after <c>AddIdentity</c>.</summary>
        public static HoldfastBuilder UseForIdentity<TUser>(this HoldfastBuilder builder)
            where TUser : class
        {
            var services = builder.Services;
            services.AddHttpContextAccessor();
            services.Replace(ServiceDescriptor.Scoped<UserManager<TUser>, HoldfastUserManager<TUser>>());
            services.Replace(ServiceDescriptor.Scoped<SignInManager<TUser>, HoldfastSignInManager<TUser>>());
            services.AddScoped<AccountCheck, IdentityAccountCheck<TUser>>();
            services.AddHostedService<IdentityWiring<TUser>>();

            // The scheme stays registered as Identity registered it; only who handles it changes.
            services.AddOptions<AuthenticationOptions>().PostConfigure(options =>
            {
                if (options.SchemeMap.TryGetValue(IdentityConstants.ApplicationScheme, out var scheme))
                {
                    scheme.HandlerType = typeof(HoldfastHandler);
                }
            });
            services.TryAddTransient<HoldfastHandler>();
            services.AddOptions<HoldfastSchemeOptions>(IdentityConstants.ApplicationScheme).Configure<IOptionsMonitor<CookieAuthenticationOptions>>((options, cookies) =>
            {
                var cookie = cookies.Get(IdentityConstants.ApplicationScheme);
                options.LoginPath = cookie.LoginPath;
                options.AccessDeniedPath = cookie.AccessDeniedPath;
                options.ReturnUrlParameter = cookie.ReturnUrlParameter;
            });
            return builder;
        }
    }
}

namespace Holdfast.AspNetCore.Accounts
{
    /// <summary>Identity's account, read again and compared by its security stamp.</summary>
    internal sealed class IdentityAccountCheck<TUser>(IServiceScopeFactory scopes, IOptions<IdentityOptions> options) : AccountCheck
        where TUser : class
    {
        public override async Task<bool> StillProvenAsync(ClaimsPrincipal user)
        {
            // A scope of its own: the request's may hold the user as it was before.
            await using var scope = scopes.CreateAsyncScope();
            var users = scope.ServiceProvider.GetRequiredService<UserManager<TUser>>();
            if (await users.GetUserAsync(user) is not { } current)
            {
                return false;
            }

            var proven = user.FindFirstValue(options.Value.ClaimsIdentity.SecurityStampClaimType);
            return !users.SupportsUserSecurityStamp || proven is null || proven == await users.GetSecurityStampAsync(current);
        }
    }

    /// <summary>Stops the start if the application's own managers are not built on ours: account changes would end nothing.</summary>
    internal sealed class IdentityWiring<TUser>(IServiceScopeFactory scopes) : IHostedService
        where TUser : class
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await using var scope = scopes.CreateAsyncScope();
            if (scope.ServiceProvider.GetRequiredService<UserManager<TUser>>() is not HoldfastUserManager<TUser>)
            {
                throw new HoldfastConfigurationException(
                    $"The application registers its own UserManager<{typeof(TUser).Name}> after UseForIdentity. Derive it from HoldfastUserManager<{typeof(TUser).Name}>, so that account changes end sessions.");
            }
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
