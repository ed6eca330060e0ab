using System.Net.Http.Headers;
using System.Text;

namespace Holdfast.Server.Tests.OAuth;

/// <summary>An OAuth client by hand, so that each parameter and header is what a test says.</summary>
internal static class OAuthCaller
{
    public const string First = "default";

    public static async Task<ApiAnswer> SendAsync(
        RunningServer server, string path, IEnumerable<(string Name, string Value)> fields, string? authorization = null, string? origin = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))) };
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        return await ApiAnswer.OfAsync(await server.Http.SendAsync(request));
    }

    /// <summary>Authenticated as the first application, unless another is named.</summary>
    public static Task<ApiAnswer> AskAsync(RunningServer server, string path, ApiCaller? caller = null, string client = First, params (string Name, string Value)[] fields) =>
        SendAsync(server, path, fields, Basic(client, caller?.Key ?? RunningServer.FirstKey.Reveal()));

    public static Task<ApiAnswer> RefreshAsync(RunningServer server, string token, ApiCaller? caller = null, string client = First) =>
        AskAsync(server, "/oauth2/token", caller, client, ("grant_type", "refresh_token"), ("refresh_token", token));

    public static Task<ApiAnswer> IntrospectAsync(RunningServer server, string token, ApiCaller? caller = null, string client = First, string? hint = null) =>
        AskAsync(server, "/oauth2/introspect", caller, client, hint is null ? [("token", token)] : [("token", token), ("token_type_hint", hint)]);

    public static Task<ApiAnswer> RevokeAsync(RunningServer server, string token, ApiCaller? caller = null, string client = First) =>
        AskAsync(server, "/oauth2/revoke", caller, client, ("token", token));

    public static string Basic(string id, string secret) =>
        new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret)}"))).ToString();
}
