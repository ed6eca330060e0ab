namespace Holdfast.Server.Tests.OAuth;

/// <summary>What clients and verifiers read before anything else.</summary>
public sealed class MetadataTests
{
    [Fact]
    [Requirement("HP-09", "SU-08")]
    public async Task The_metadata_names_the_issuer_exactly_and_only_what_is_built()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:AcrValues:0", "aal1"), ("Holdfast:AcrValues:1", "aal2"));
        var answer = await server.First.GetAsync("/.well-known/oauth-authorization-server");
        Assert.Equal((200, "application/json", server.Issuer), (answer.Status, answer.MediaType, answer["issuer"]));
        Assert.Equal(
            ($"{server.Issuer}/oauth2/token", $"{server.Issuer}/oauth2/revoke", $"{server.Issuer}/oauth2/introspect", $"{server.Issuer}/.well-known/jwks.json"),
            (answer["token_endpoint"], answer["revocation_endpoint"], answer["introspection_endpoint"], answer["jwks_uri"]));
        Assert.Equal("""["refresh_token"]""", answer.Json.GetProperty("grant_types_supported").GetRawText());
        Assert.Equal("""["aal1","aal2"]""", answer.Json.GetProperty("acr_values_supported").GetRawText());
        Assert.DoesNotContain("dpop", answer.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(answer.Text, (await server.First.GetAsync("/.well-known/openid-configuration")).Text);
    }

    [Fact]
    [Requirement("HP-09")]
    public async Task An_issuer_with_a_path_is_served_under_it_and_at_the_inserted_address()
    {
        var port = RunningServer.FreePort();
        var issuer = $"http://127.0.0.1:{port}/id/eu";
        await using var server = await RunningServer.StartAsync(("urls", $"http://127.0.0.1:{port}"), ("Holdfast:Issuer", issuer));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var caller = new ApiCaller(http, RunningServer.FirstKey.Reveal());
        foreach (var path in new[] { "/.well-known/oauth-authorization-server/id/eu", "/id/eu/.well-known/openid-configuration", "/.well-known/openid-configuration/id/eu" })
        {
            Assert.Equal((issuer, $"{issuer}/oauth2/token"), ((await caller.GetAsync(path))["issuer"], (await caller.GetAsync(path))["token_endpoint"]));
        }

        Assert.Equal(200, (await caller.GetAsync("/id/eu/.well-known/jwks.json")).Status);
        Assert.Equal(201, (await caller.PostAsync("/id/eu/v1/sessions", new { subject = "ada" })).Status);
    }

    [Fact]
    [Requirement("HP-10")]
    public async Task The_keys_are_public_ones_with_an_id_a_use_and_an_algorithm()
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.First.GetAsync("/.well-known/jwks.json");
        var key = Assert.Single(answer.Json.GetProperty("keys").EnumerateArray());
        Assert.Equal(["alg", "crv", "kid", "kty", "use", "x", "y"], key.EnumerateObject().Select(member => member.Name).Order());
        Assert.Equal(("ES256", "sig"), (key.GetProperty("alg").GetString(), key.GetProperty("use").GetString()));
        Assert.Contains("max-age=600", answer.Header("Cache-Control"), StringComparison.Ordinal);
    }
}
