using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Authorization;
using Holdfast.AspNetCore.Endpoints;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>Step-up, as authorization requirements.</summary>
    public static class HoldfastStepUpExtensions
    {
        /// <summary>
        /// The last sign-in or step-up must be at most <paramref name="maxAge"/> old, one second to one day. Otherwise programs get 401 with
        /// the challenge of RFC 9470, and pages a redirect to where the user proves who they are again.
        /// </summary>
        public static AuthorizationPolicyBuilder RequireFreshSession(this AuthorizationPolicyBuilder policy, TimeSpan maxAge) =>
            policy.RequireAuthenticatedUser().AddRequirements(new FreshSessionRequirement(maxAge));

        /// <summary>The assurance level now must be one of <paramref name="acrValues"/>. Otherwise as above.</summary>
        public static AuthorizationPolicyBuilder RequireAssurance(this AuthorizationPolicyBuilder policy, params string[] acrValues) =>
            policy.RequireAuthenticatedUser().AddRequirements(new AssuranceRequirement(acrValues));

        /// <summary>The same, for an endpoint.</summary>
        public static TBuilder RequireFreshSession<TBuilder>(this TBuilder builder, TimeSpan maxAge)
            where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(policy => policy.RequireFreshSession(maxAge));

        /// <summary>The same, for an endpoint.</summary>
        public static TBuilder RequireAssurance<TBuilder>(this TBuilder builder, params string[] acrValues)
            where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(policy => policy.RequireAssurance(acrValues));

        /// <summary>
        /// The user must have approved this very operation (<c>ApproveOperationAsync</c>); the approval is used up, whatever the endpoint then
        /// does. Otherwise 401 with the challenge of RFC 9470.
        /// </summary>
        /// <param name="builder">The endpoint.</param>
        /// <param name="operation">Spells the operation out from the request: what is done, to whom, how much.</param>
        public static RouteHandlerBuilder RequireApproval(this RouteHandlerBuilder builder, Func<HttpContext, string> operation) => builder
            .RequireAuthorization()
            .AddEndpointFilter(async (invocation, next) =>
            {
                var context = invocation.HttpContext;
                if (await context.TakeApprovalAsync(operation(context)))
                {
                    return await next(invocation);
                }

                await new StepUpChallenge(TimeSpan.Zero, []).WriteAsync(context);
                return Results.Empty;
            });
    }
}

namespace Microsoft.AspNetCore.Http
{
    /// <summary>Step-up, from the request.</summary>
    public static class HoldfastStepUpHttpContextExtensions
    {
        /// <summary>
        /// Call it when the signed-in user has just proven more, or the same again: the session counts as that for
        /// <c>ElevationLifetime</c>, under a new cookie (or access token in its cookie). Before the response starts.
        /// </summary>
        /// <param name="context">The request of the signed-in user.</param>
        /// <param name="acr">The level reached; null keeps the sign-in's.</param>
        /// <param name="amr">The methods used, such as <c>otp</c>; none keeps the sign-in's.</param>
        /// <exception cref="InvalidOperationException">Nobody is signed in, or the client holds its tokens itself.</exception>
        public static Task StepUpAsync(this HttpContext context, string? acr = null, params string[] amr) => StepUpFlow.RunAsync(context, acr, amr);

        /// <summary>The same for clients that hold their tokens: the new access token. Their refresh token stays as it is.</summary>
        /// <exception cref="InvalidOperationException">No token session is signed in.</exception>
        public static async Task<Holdfast.Protocol.TokenResponse> StepUpForTokensAsync(this HttpContext context, string? acr = null, params string[] amr)
        {
            var result = await StepUpFlow.RunForTokensAsync(context, acr, amr);
            context.Response.Headers.CacheControl = "no-store";
            return Answers.Tokens(result.Credentials!, result.Now);
        }

        /// <summary>
        /// Notes that the user has just given a further proof for one operation. It can be used once, within five minutes, in this session.
        /// </summary>
        /// <param name="context">The request of the signed-in user.</param>
        /// <param name="operation">What was approved, spelled out: another recipient or amount is another operation.</param>
        /// <exception cref="InvalidOperationException">Nobody is signed in.</exception>
        public static Task ApproveOperationAsync(this HttpContext context, string operation) => StepUpFlow.ApproveAsync(context, operation);

        /// <summary>Uses an approval up: true once for each <c>ApproveOperationAsync</c>.</summary>
        public static async Task<bool> TakeApprovalAsync(this HttpContext context, string operation)
        {
            var request = await RequestSession.OfAsync(context);
            return request.Live is { } session && await context.RequestServices.GetRequiredService<Holdfast.SessionManager>()
                .TakeApprovalAsync(session.Handle, operation, context.RequestAborted);
        }
    }
}
