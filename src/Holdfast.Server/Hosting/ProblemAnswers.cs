using Holdfast.AspNetCore;
using Holdfast.Protocol;

namespace Holdfast.Server.Hosting;

/// <summary>Whatever goes wrong, and wherever there is nothing: problem details, one log line, and no internals.</summary>
internal sealed partial class ProblemAnswers(RequestDelegate next, ILogger<ProblemAnswers> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.ContentType is null)
            {
                await CompleteAsync(context);
            }
        }
        catch (StoreUnavailableException exception) when (!context.Response.HasStarted)
        {
            LogUnavailable(exception.Message, context.TraceIdentifier);
            await Problems.WriteAsync(context, Reasons.StoreUnavailable);
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Reasons.InvalidRequest, Detail(exception.StatusCode), status: exception.StatusCode);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            LogUnexpected(exception, context.TraceIdentifier);
            await Problems.WriteAsync(context, Reasons.ServerError, $"It is logged as {context.TraceIdentifier}.");
        }
    }

    private static Task CompleteAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => Problems.WriteAsync(context, Reasons.NotFound, "There is nothing at this address."),
        StatusCodes.Status405MethodNotAllowed => Problems.WriteAsync(
            context, Reasons.InvalidRequest, $"This address answers to {context.Response.Headers.Allow}.", status: StatusCodes.Status405MethodNotAllowed),
        StatusCodes.Status415UnsupportedMediaType => Problems.WriteAsync(
            context, Reasons.InvalidRequest, "This address reads another media type.", status: StatusCodes.Status415UnsupportedMediaType),
        _ => Task.CompletedTask,
    };

    private static string Detail(int status) => status == StatusCodes.Status413PayloadTooLarge ? "The body is larger than 64 KB." : "The request could not be read.";

    [LoggerMessage(1100, LogLevel.Error, "Unexpected error in request {CorrelationId}.")]
    private partial void LogUnexpected(Exception exception, string correlationId);

    [LoggerMessage(1101, LogLevel.Warning, "503: {Reason} Request {CorrelationId}.")]
    private partial void LogUnavailable(string reason, string correlationId);
}
