using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Server.OAuth;

/// <summary>
/// The parameters of an OAuth request: a form in the body and nothing else (RFC 6749, section 3.2). An empty parameter is an absent one,
/// an unknown one is ignored, a repeated one is an error.
/// </summary>
internal sealed class OAuthForm
{
    // What would stand in logs and histories if it came in the address.
    private static readonly string[] Secret = ["token", "refresh_token", "client_secret", "client_assertion"];

    private readonly IFormCollection _fields;

    private OAuthForm(IFormCollection fields) => _fields = fields;

    public string? this[string name] => _fields.TryGetValue(name, out var values) && values.ToString() is { Length: > 0 } value ? value : null;

    /// <summary>Reads it; null if an error has been written.</summary>
    public static async ValueTask<OAuthForm?> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        if (Secret.FirstOrDefault(request.Query.ContainsKey) is { } exposed)
        {
            await OAuthError.InvalidRequest($"{exposed} belongs into the body, never into the address.").WriteAsync(context);
            return null;
        }

        if (!string.Equals(request.GetTypedHeaders().ContentType?.MediaType.Value, "application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            await OAuthError.InvalidRequest("Send a form: application/x-www-form-urlencoded.").WriteAsync(context);
            return null;
        }

        try
        {
            var fields = await request.ReadFormAsync(new FormOptions { ValueCountLimit = 64 }, context.RequestAborted);
            if (fields.FirstOrDefault(field => field.Value.Count > 1).Key is { } repeated)
            {
                await OAuthError.InvalidRequest($"The parameter {Auditing.SessionEvents.OneLine(repeated)} stands more than once.").WriteAsync(context);
                return null;
            }

            return new OAuthForm(fields);
        }
        catch (InvalidDataException)
        {
            await OAuthError.InvalidRequest("The form is malformed or too large.").WriteAsync(context);
            return null;
        }
    }
}
