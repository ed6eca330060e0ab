using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Transport;
using Holdfast.Auditing;
using Holdfast.Protocol;
using Holdfast.Server.Applications;
using Holdfast.Tokens;

namespace Holdfast.Server.Api;

/// <summary>What an endpoint of the API asks of the application that calls it.</summary>
/// <param name="Scope">The scope; null for any key of this server.</param>
internal sealed record RequiredScope(string? Scope);

/// <summary>Lets an application in by its API key, if it has the scope of the endpoint.</summary>
internal sealed class ApiAccess(ApplicationDirectory directory, SessionEvents events, MasterKeys keys) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var (isPresent, text) = Presented(context);
        if (ApiKey.Parse(text) is not { } key || await directory.FindByKeyAsync(key, context.RequestAborted) is not { } application)
        {
            if (isPresent)
            {
                await RecordAsync(context, text);
            }

            await Problems.WriteAsync(context, Reasons.ApiKeyInvalid, "Send Authorization: Bearer hfk_... with a key of an application of this server.");
            return Results.Empty;
        }

        var scope = context.GetEndpoint()!.Metadata.GetRequiredMetadata<RequiredScope>().Scope;
        if (scope is not null && !application.May(scope))
        {
            await Problems.WriteAsync(context, Reasons.InsufficientScope, $"The application '{application.Id}' lacks the scope {scope}.");
            return Results.Empty;
        }

        context.Features.Set(application);
        return await next(invocation);
    }

    private static (bool IsPresent, string? Token) Presented(HttpContext context)
    {
        var bearer = BearerHeader.Read(context.Request.Headers);
        return (bearer.Presence != BearerPresence.Absent, bearer.Token.IsEmpty ? null : bearer.Token.ToString());
    }

    private ValueTask RecordAsync(HttpContext context, string? token)
    {
        var caller = RequestSession.CallerOf(context);
        return events.RecordAsync(new SessionEvent
        {
            At = default,
            Type = SessionEventType.CredentialRejected,
            Tenant = SessionPolicy.DefaultTenant,
            Actor = "application",
            Reason = "api_key",
            Address = caller.Address,
            UserAgent = caller.UserAgent,
            CorrelationId = caller.CorrelationId,
            CredentialHash = keys.HashForLogs(token),
        });
    }
}

/// <summary>The application that calls.</summary>
internal static class CallingApplication
{
    public static KnownApplication Of(HttpContext context) =>
        context.Features.Get<KnownApplication>() ?? throw new InvalidOperationException("This endpoint is mapped without ApiAccess.");

    /// <summary>Whose request the application's is about: the end user's device if it was told, and never the application's own address.</summary>
    public static Caller CallerOf(HttpContext context, DeviceRequest? device) =>
        new(device?.Ip, SessionEvents.OneLine(device?.UserAgent), context.TraceIdentifier);
}
