using Holdfast;
using Holdfast.AspNetCore.Connections;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore.Connections
{
    /// <summary>
    /// Blazor Server: a circuit's user is signed out when the session does not live any more. The circuit's connection is cut with the
    /// session as well; this is for the time in which nobody noticed, and for the pages that react to the change.
    /// </summary>
    internal sealed class CircuitSessions(ILoggerFactory logger, SessionManager sessions) : RevalidatingServerAuthenticationStateProvider(logger)
    {
        /// <summary>How often the session is looked at.</summary>
        internal TimeSpan Interval { get; init; } = OpenConnections.Patience;

        protected override TimeSpan RevalidationInterval => Interval;

        /// <summary>Whether the principal's session lives. One that is not of ours is not ours to judge.</summary>
        public async Task<bool> IsLiveAsync(System.Security.Claims.ClaimsPrincipal user, CancellationToken cancellationToken) =>
            user.FindFirst(HoldfastDefaults.SessionClaim)?.Value is not { } sid
            || (SessionHandle.TryParse(sid, out var handle) && await sessions.FindLiveAsync(handle, cancellationToken) is not null);

        protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
            IsLiveAsync(authenticationState.User, cancellationToken);
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Blazor Server on Holdfast.</summary>
    public static class HoldfastBlazorExtensions
    {
        /// <summary>
        /// Signs the users of Blazor Server circuits out when their session ends: at once on this node, within 30 seconds otherwise.
        /// </summary>
        public static HoldfastBuilder UseForBlazor(this HoldfastBuilder builder)
        {
            builder.Services.Replace(ServiceDescriptor.Scoped<AuthenticationStateProvider, CircuitSessions>());
            return builder;
        }
    }
}
