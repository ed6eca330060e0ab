using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Chain;

/// <summary>The headers of every answer, each only if the application has not set it.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private const string TwoYears = "max-age=63072000; includeSubDomains";

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                Complete((HttpContext)state);
                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    private static void Complete(HttpContext context)
    {
        var headers = context.Response.Headers;
        var isPage = context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true;
        headers.TryAdd("X-Content-Type-Options", "nosniff");

        // With no-referrer, forms on our own pages would send "Origin: null", and be refused.
        headers.TryAdd("Referrer-Policy", isPage ? "same-origin" : "no-referrer");
        headers.TryAdd("Content-Security-Policy", isPage
            ? "default-src 'self'; frame-ancestors 'none'; base-uri 'self'"
            : "default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
        if (isPage)
        {
            // What tells one phone, or one Windows, from another in the list of devices.
            headers.TryAdd("Accept-CH", "Sec-CH-UA-Model, Sec-CH-UA-Platform-Version");
        }

        if (context.Request.IsHttps && !HttpsRequirement.IsThisMachine(context))
        {
            headers.TryAdd("Strict-Transport-Security", TwoYears);
        }

        // What was made for one user stays in no cache: after a sign-out, the back button finds nothing.
        if (context.Features.Get<RequestSession>() is { Concerned: not null } && (isPage || context.Response.ContentType is null or "application/json"
            || context.Response.ContentType.StartsWith("application/json;", StringComparison.OrdinalIgnoreCase)))
        {
            headers.TryAdd("Cache-Control", "no-store");
        }
    }
}
