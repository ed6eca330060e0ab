using Holdfast;
using Holdfast.AspNetCore.Tickets;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>The stock cookie handler on Holdfast sessions.</summary>
    public static class HoldfastTicketExtensions
    {
        /// <summary>
        /// Keeps the tickets of a cookie scheme as sessions: <c>AddCookie</c> and whatever signs in to it (OpenID Connect, for one) stay as they
        /// are, and their users can be listed and signed out. Its cookie then holds a key and no claims; tickets are sealed under that key.
        /// </summary>
        /// <param name="builder">The installation.</param>
        /// <param name="scheme">The cookie scheme. Default: <c>Cookies</c>.</param>
        public static HoldfastBuilder UseForCookies(this HoldfastBuilder builder, string scheme = CookieAuthenticationDefaults.AuthenticationScheme)
        {
            var services = builder.Services;
            services.AddHttpContextAccessor();
            services.TryAddSingleton<HoldfastTicketStore>();
            services.AddSingleton(new TicketScheme(scheme));
            services.AddOptions<CookieAuthenticationOptions>(scheme)
                .Configure<HoldfastTicketStore>((options, store) => options.SessionStore = store);

            services.AddSingleton<IPostConfigureOptions<CookieAuthenticationOptions>>(provider => new TicketFormat(
                scheme, provider.GetRequiredService<IHttpContextAccessor>(), provider.GetRequiredService<IDataProtectionProvider>()));
            services.TryAddTransient<TicketCookieHandler>();
            services.AddOptions<AuthenticationOptions>().PostConfigure(options =>
            {
                if (!options.SchemeMap.TryGetValue(scheme, out var registered) || registered.HandlerType != typeof(CookieAuthenticationHandler))
                {
                    throw new HoldfastConfigurationException($"UseForCookies(\"{scheme}\") needs the stock cookie scheme of that name: call AddAuthentication().AddCookie(\"{scheme}\").");
                }

                registered.HandlerType = typeof(TicketCookieHandler);
            });
            return builder;
        }
    }
}

namespace Holdfast.AspNetCore.Tickets
{
    /// <summary>A cookie scheme whose tickets are sessions.</summary>
    internal sealed record TicketScheme(string Name);

    /// <summary>Wraps the format of the handler's cookie, whoever configures it first.</summary>
    internal sealed class TicketFormat(string scheme, IHttpContextAccessor accessor, IDataProtectionProvider protection) : IPostConfigureOptions<CookieAuthenticationOptions>
    {
        public void PostConfigure(string? name, CookieAuthenticationOptions options)
        {
            if (name == scheme)
            {
                // As the framework makes its own.
                var stock = options.TicketDataFormat ?? new TicketDataFormat((options.DataProtectionProvider ?? protection)
                    .CreateProtector("Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationMiddleware", name, "v2"));
                options.TicketDataFormat = new TicketKeyFormat(stock, accessor);
            }
        }
    }
}
