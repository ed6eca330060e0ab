using System.Text.Json;

namespace Holdfast.AspNetCore.Tests;

/// <summary>What a response says.</summary>
internal static class Answer
{
    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    public static async Task<string?> ReasonAsync(HttpResponseMessage response) => (await JsonAsync(response)).GetProperty("reason").GetString();

    public static async Task<string?> TextAsync(HttpResponseMessage response, string member) => (await JsonAsync(response)).GetProperty(member).GetString();
}
