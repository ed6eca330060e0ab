using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Server.OpenApi;

namespace Holdfast.Server.Tests.OpenApi;

/// <summary>The document says what the server does, and its page needs nothing from elsewhere.</summary>
public sealed class DocumentTests
{
    [Fact]
    public async Task The_document_describes_every_address_with_an_example_and_a_key()
    {
        await using var server = await RunningServer.StartAsync();
        var document = (await server.First.GetAsync("/openapi/v1.json")).Json;
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Name: $"{operation.Name.ToUpperInvariant()} {path.Name}", operation.Value))).ToArray();
        var tested = Api.IsolationTests.Endpoints.Select(row => $"{row.Data.Item1} {row.Data.Item2.Replace("/ada/", "/{subject}/", StringComparison.Ordinal)}");
        Assert.Equal([.. tested.Order(), "POST /oauth2/introspect", "POST /oauth2/revoke", "POST /oauth2/token"], operations.Select(one => one.Name).OrderBy(name => name.Contains("oauth2", StringComparison.Ordinal)).ThenBy(name => name));
        Assert.All(operations, one =>
        {
            Assert.True(one.Value.TryGetProperty("security", out _), one.Name);
            Assert.NotEmpty(one.Value.GetProperty("summary").GetString()!);
            var contents = one.Value.TryGetProperty("requestBody", out var body) && one.Name.Contains("/v1/", StringComparison.Ordinal) ? body.GetProperty("content").EnumerateObject().ToArray() : [];
            Assert.All(contents, content => Assert.True(content.Value.TryGetProperty("example", out _), one.Name));
        });
    }

    [Fact]
    public async Task The_examples_are_accepted_by_the_server_and_look_like_its_answers()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:AccessTokenClaims:0", "role"));
        var created = await server.First.PostTextAsync("/v1/sessions", Examples.Create);
        Assert.Equal(201, created.Status);
        AssertSameShape(JsonDocument.Parse(Examples.Created).RootElement, created.Json);
        var session = new NewSession(created.Json);
        AssertSameShape(JsonDocument.Parse(Examples.Verified).RootElement, (await server.First.PostTextAsync("/v1/verify", Examples.Verify.Replace("hfs_...", session.Cookie, StringComparison.Ordinal))).Json);
        AssertSameShape(JsonDocument.Parse(Examples.Page).RootElement, (await server.First.GetAsync("/v1/sessions")).Json);
        Assert.Equal(200, (await server.First.PostTextAsync($"/v1/sessions/{session.Sid}/elevate", Examples.Elevate)).Status);
        Assert.Equal("""{"cart":["book"],"theme":"dark"}""", (await server.First.PostTextAsync($"/v1/sessions/{session.Sid}/data", Examples.Patch, "application/merge-patch+json", HttpMethod.Patch)).Text);
        Assert.Equal(204, (await server.First.PostTextAsync("/v1/activity", Examples.Activity)).Status);
        Assert.Equal(204, (await server.First.PostTextAsync("/v1/events", Examples.Event)).Status);

        var tokens = await server.First.PostTextAsync("/v1/sessions", Examples.Create.Replace("\"cookie\"", "\"tokens\"", StringComparison.Ordinal));
        var exchanged = await server.First.PostTextAsync("/v1/refresh", Examples.Exchange.Replace("hfr_...", new NewSession(tokens.Json).RefreshToken, StringComparison.Ordinal));
        AssertSameShape(JsonDocument.Parse(Examples.Exchanged).RootElement, exchanged.Json);
        AssertSameShape(JsonDocument.Parse(Examples.Application).RootElement, (await server.First.GetAsync("/v1/application")).Json);
        AssertSameShape(JsonDocument.Parse(Regex.Replace(Examples.Feed, "\\[.*\\]", "[]")).RootElement, (await server.First.GetAsync("/v1/feed?wait_ms=0")).Json);
        var refreshed = await OAuth.OAuthCaller.RefreshAsync(server, exchanged.Json.GetProperty("tokens").GetProperty("refresh_token").GetString()!);
        AssertSameShape(JsonDocument.Parse(Examples.Tokens).RootElement, refreshed.Json);
        AssertSameShape(JsonDocument.Parse(Examples.Introspected).RootElement, (await OAuth.OAuthCaller.IntrospectAsync(server, refreshed["access_token"]!)).Json);
    }

    [Fact]
    public async Task The_page_runs_its_own_scripts_under_its_own_policy()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal("docs/", (await server.First.GetAsync("/docs")).Header("Location"));
        var page = await server.First.GetAsync("/docs/");
        var policy = page.Header("Content-Security-Policy")!;
        var nonce = Regex.Match(policy, "'nonce-([0-9a-f]{32})'").Groups[1].Value;
        Assert.NotEmpty(nonce);
        Assert.All(Regex.Matches(page.Text, "<script[^>]*>"), script => Assert.Contains($"nonce=\"{nonce}\"", script.Value, StringComparison.Ordinal));
        Assert.DoesNotMatch("script-src[^;]*unsafe", policy);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page.Text);
        Assert.Equal(200, (await server.First.GetAsync("/docs/scalar.js")).Status);
    }

    // Every member of the example is in the answer, with the same kind of value.
    private static void AssertSameShape(JsonElement example, JsonElement answer, string path = "$")
    {
        Assert.True(example.ValueKind == answer.ValueKind || (example.ValueKind is JsonValueKind.True or JsonValueKind.False && answer.ValueKind is JsonValueKind.True or JsonValueKind.False), path);
        switch (example.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in example.EnumerateObject())
                {
                    Assert.True(answer.TryGetProperty(member.Name, out var value), $"{path}.{member.Name} is missing.");
                    AssertSameShape(member.Value, value, $"{path}.{member.Name}");
                }

                break;
            case JsonValueKind.Array when example.GetArrayLength() > 0:
                AssertSameShape(example[0], answer[0], $"{path}[0]");
                break;
        }
    }
}
