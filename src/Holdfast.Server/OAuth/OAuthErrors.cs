using System.Text.Json.Serialization;

namespace Holdfast.Server.OAuth;

/// <summary>An error as RFC 6749, section 5.2, words it.</summary>
/// <param name="Error">The code.</param>
/// <param name="Description">What is wrong, for the developer.</param>
internal sealed record OAuthError(
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("error_description")] string Description)
{
    public static OAuthError InvalidRequest(string description) => new("invalid_request", description);

    /// <summary>One answer for every way in which a client can fail to prove itself.</summary>
    public static OAuthError InvalidClient { get; } = new("invalid_client", "The client did not prove who it is.");

    /// <summary>One answer for unknown, malformed, expired, used up, ended and another client's.</summary>
    public static OAuthError InvalidGrant { get; } = new("invalid_grant", "The refresh token is not valid for this client.");

    public Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = Error switch
        {
            "invalid_client" => StatusCodes.Status401Unauthorized,
            "insufficient_scope" => StatusCodes.Status403Forbidden,
            "temporarily_unavailable" => StatusCodes.Status503ServiceUnavailable,
            "server_error" => StatusCodes.Status500InternalServerError,
            _ => StatusCodes.Status400BadRequest,
        };
        response.Headers.CacheControl = "no-store";
        response.Headers.Pragma = "no-cache";
        if (response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Basic realm=\"holdfast\", charset=\"UTF-8\"";
        }

        if (response.StatusCode == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "1";
        }

        return response.WriteAsJsonAsync(this, OAuthJson.Default.OAuthError, cancellationToken: context.RequestAborted);
    }
}

/// <summary>What the OAuth endpoints answer where the engine, or the reading of a body, throws.</summary>
internal static partial class OAuthFailures
{
    public static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        try
        {
            return await next(invocation);
        }
        catch (StoreUnavailableException exception) when (!context.Response.HasStarted)
        {
            LogFailed(Logger(context), LogLevel.Warning, null, exception.Message, context.TraceIdentifier);
            await new OAuthError("temporarily_unavailable", "Tokens cannot be checked at the moment. Try again.").WriteAsync(context);
        }
        catch (BadHttpRequestException) when (!context.Response.HasStarted)
        {
            await OAuthError.InvalidRequest("The body is larger than 64 KB, or could not be read.").WriteAsync(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted && exception is not OperationCanceledException)
        {
            LogFailed(Logger(context), LogLevel.Error, exception, "unexpected error", context.TraceIdentifier);
            await new OAuthError("server_error", $"Something went wrong on our side. It is logged as {context.TraceIdentifier}.").WriteAsync(context);
        }

        return Results.Empty;
    }

    private static ILogger Logger(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Holdfast.OAuth");

    [LoggerMessage(EventId = 1110, Message = "An OAuth request failed: {Reason}. Request {CorrelationId}.")]
    private static partial void LogFailed(ILogger logger, LogLevel level, Exception? exception, string reason, string correlationId);
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OAuthError))]
[JsonSerializable(typeof(IntrospectionAnswer))]
[JsonSerializable(typeof(ServerMetadata))]
[JsonSerializable(typeof(Dictionary<string, long>))]
internal sealed partial class OAuthJson : JsonSerializerContext;
