using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Holdfast.Server.Tests;

/// <summary>An application that calls the server with its key.</summary>
internal sealed record ApiCaller(HttpClient Http, string Key)
{
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        return await SendAsync(request, headers);
    }

    public async Task<ApiAnswer> SendAsync(HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        if (Key.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await ApiAnswer.OfAsync(await Http.SendAsync(request));
    }

    public Task<ApiAnswer> PostAsync(string path, object? body = null) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>Sends text as it is.</summary>
    public Task<ApiAnswer> PostTextAsync(string path, string text, string mediaType = "application/json", HttpMethod? method = null) =>
        SendAsync(new HttpRequestMessage(method ?? HttpMethod.Post, path) { Content = new StringContent(text, Encoding.UTF8, mediaType) });

    public Task<ApiAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<ApiAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<ApiAnswer> PatchAsync(string path, object body, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Patch, path, body, headers);

    /// <summary>A session of this application.</summary>
    public async Task<NewSession> SignInAsync(string subject = "ada", string transport = "cookie")
    {
        var created = await PostAsync("/v1/sessions", new { subject, transport, acr = "aal1", amr = new[] { "pwd" } });
        Assert.Equal(201, created.Status);
        return new NewSession(created.Json);
    }

    /// <summary>An attempt that must not succeed.</summary>
    public async Task SignInFailsAsync() => Assert.Equal(401, (await PostAsync("/v1/sessions", new { subject = "ada" })).Status);

    public Task<ApiAnswer> VerifyCookieAsync(string cookie, bool renew = false) => PostAsync("/v1/verify", new { cookie, renew });

    public Task<ApiAnswer> VerifyTokenAsync(string token) => PostAsync("/v1/verify", new { access_token = token });
}

/// <summary>A session that was just started.</summary>
internal sealed record NewSession(JsonElement Answer)
{
    public string Sid => Answer.GetProperty("session").GetProperty("sid").GetString()!;

    public string Cookie => Answer.GetProperty("cookies")[0].GetProperty("value").GetString()!;

    public string AccessToken => Answer.GetProperty("tokens").GetProperty("access_token").GetString()!;

    public string RefreshToken => Answer.GetProperty("tokens").GetProperty("refresh_token").GetString()!;
}

/// <summary>What the server answered.</summary>
internal sealed record ApiAnswer(int Status, string Text, HttpResponseMessage Response)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Reason => this["reason"];

    public string? MediaType => Response.Content.Headers.ContentType?.MediaType;

    public string? this[string member] => Text.Length > 0 && Json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static async Task<ApiAnswer> OfAsync(HttpResponseMessage response) =>
        new((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response);

    public string? Header(string name) => Response.Headers.TryGetValues(name, out var values) || Response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;
}
