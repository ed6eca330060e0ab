using System.Security.Claims;
using System.Text.Json;
using Holdfast;
using Holdfast.AspNetCore;
using Holdfast.OpenIdConnect;
using Microsoft.AspNetCore.Authentication.OAuth.Claims;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>OpenID Connect on Holdfast.</summary>
    public static class HoldfastOpenIdConnectExtensions
    {
        /// <summary>
        /// Notes with each session which provider it came from, so that the provider's back-channel logout finds it. The stock handler stays as
        /// the application configured it.
        /// </summary>
        /// <param name="builder">The installation.</param>
        /// <param name="configure">What a logout at the provider means here.</param>
        /// <param name="scheme">The scheme of <c>AddOpenIdConnect</c>. Default: <c>OpenIdConnect</c>.</param>
        public static HoldfastBuilder UseForOpenIdConnect(
            this HoldfastBuilder builder, Action<BackChannelLogoutOptions>? configure = null, string scheme = OpenIdConnectDefaults.AuthenticationScheme)
        {
            builder.Services.Configure(scheme, configure ?? (_ => { }));
            builder.Services.TryAddSingleton<BackChannelLogout>();
            builder.Services.AddOptions<OpenIdConnectOptions>(scheme).PostConfigure(options => options.ClaimActions.Add(new ProviderClaim(scheme)));
            return builder;
        }
    }
}

namespace Microsoft.AspNetCore.Routing
{
    /// <summary>The endpoint that an identity provider calls.</summary>
    public static class HoldfastOpenIdConnectEndpoints
    {
        /// <summary>
        /// Receives OpenID Connect Back-Channel Logout 1.0. Register its address with the provider as <c>backchannel_logout_uri</c>.
        /// </summary>
        /// <param name="endpoints">The application.</param>
        /// <param name="path">Where. Default: <c>/signout-oidc-backchannel</c>.</param>
        /// <param name="scheme">The scheme whose provider calls. Default: <c>OpenIdConnect</c>.</param>
        public static IEndpointConventionBuilder MapBackChannelLogout(
            this IEndpointRouteBuilder endpoints, string path = "/signout-oidc-backchannel", string scheme = OpenIdConnectDefaults.AuthenticationScheme) =>
            endpoints.MapPost(path, (HttpContext context, BackChannelLogout logout) => logout.HandleAsync(context, scheme)).AsMachineTraffic();
    }
}

namespace Holdfast.OpenIdConnect
{
    /// <summary>Adds the scheme to whoever signs in through it; unlike an event, it survives the application's own events class.</summary>
    internal sealed class ProviderClaim(string scheme) : ClaimAction(HoldfastDefaults.ProviderClaim, ClaimValueTypes.String)
    {
        public override void Run(JsonElement userData, ClaimsIdentity identity, string issuer) => identity.AddClaim(new Claim(ClaimType, scheme));
    }
}
