using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>What nobody foresaw becomes a plain 500 on our endpoints: no stack trace, no internals, one log line.</summary>
internal static partial class UnexpectedErrors
{
    public static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        try
        {
            return await next(invocation);
        }
        catch (Exception exception) when (!context.Response.HasStarted
            && exception is not (StoreUnavailableException or SignInRefusedException or SessionDataException or OperationCanceledException))
        {
            LogUnexpected(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Holdfast.Http"), exception, context.TraceIdentifier);
            await Problems.WriteAsync(context, Reasons.ServerError, $"It is logged as {context.TraceIdentifier}.");
            return Results.Empty;
        }
    }

    [LoggerMessage(1031, LogLevel.Error, "Unexpected error in request {CorrelationId}.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string correlationId);
}
