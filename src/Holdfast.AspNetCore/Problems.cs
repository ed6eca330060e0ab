using Holdfast.AspNetCore.Authorization;
using Holdfast.Auditing;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.AspNetCore;

/// <summary>Every refusal of ours: problem details (RFC 9457) with a stable reason, and one log line that names the way out.</summary>
internal static partial class Problems
{
    /// <summary>Names a reason for good; <c>docs/errors.md</c> explains each under an anchor of its name.</summary>
    public const string TypePrefix = "urn:holdfast:reason:";

    private const int RetryAfterSeconds = 1;

    public static Task WriteAsync(
        HttpContext context, string reason, string? detail = null, string? setting = null, int? status = null, string? oauthError = null)
    {
        var entry = Reasons.Find(reason);
        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Holdfast.Http");
        LogRefused(logger, reason, context.Request.Method, SessionEvents.OneLine(context.Request.Path), setting, detail);
        if (context.Response.HasStarted)
        {
            return Task.CompletedTask;
        }

        var response = context.Response;
        response.StatusCode = status ?? entry.Status;
        response.Headers.CacheControl = "no-store";
        if (response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = Challenge(context, reason);
        }

        if (response.StatusCode is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var problem = new Problem
        {
            Type = TypePrefix + reason,
            Title = entry.Title,
            Status = response.StatusCode,
            Detail = detail,
            Reason = reason,
            Setting = setting,
            Error = oauthError,
        };
        return response.WriteAsJsonAsync(problem, ProtocolJson.Default.Problem, "application/problem+json", context.RequestAborted);
    }

    // RFC 6750, section 3: no error code when no credential came. RFC 9470, section 3: what a new sign-in must be like.
    private static string Challenge(HttpContext context, string reason) => reason switch
    {
        Reasons.ReauthenticationRequired when context.Features.Get<StepUpChallenge>() is { } challenge => challenge.ToHeader(),
        Reasons.SessionMissing or Reasons.ApiKeyInvalid when context.Request.Headers.Authorization.Count == 0 => "Bearer",
        _ => "Bearer error=\"invalid_token\"",
    };

    [LoggerMessage(1030, LogLevel.Information, "Refused {Reason}: {Method} {Path}. Setting: {Setting}. {Detail}")]
    private static partial void LogRefused(ILogger logger, string reason, string method, string? path, string? setting, string? detail);
}
