using System.Security.Cryptography;
using System.Text.Json;
using Holdfast.Server.Applications;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using static Holdfast.Server.Tests.OAuth.OAuthCaller;

namespace Holdfast.Server.Tests.OAuth;

/// <summary>Clients that prove themselves with a private key (RFC 7523).</summary>
public sealed class ClientAssertionTests
{
    private const string Client = "signer";

    private readonly ECDsaSecurityKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "k1" };

    [Fact]
    [Requirement("HP-11")]
    public async Task An_assertion_for_the_issuer_or_the_token_endpoint_proves_its_client_once()
    {
        await using var server = await StartAsync();
        foreach (var audience in new[] { server.Issuer, $"{server.Issuer}/oauth2/token" })
        {
            var assertion = Assertion(server, audience: audience);
            Assert.Equal(200, await StatusAsync(server, assertion));
            Assert.Equal(401, await StatusAsync(server, assertion));
        }
    }

    [Fact]
    public async Task An_assertion_is_used_up_on_every_node_at_once()
    {
        await using var server = await StartAsync();
        var assertion = Assertion(server);
        var statuses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => StatusAsync(server, assertion)));
        Assert.Single(statuses, status => status == 200);
    }

    [Fact]
    public async Task Whatever_is_wrong_with_an_assertion_it_proves_nothing()
    {
        await using var server = await StartAsync();
        var other = new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "k1" };
        string[] wrong =
        [
            Assertion(server, audience: "https://elsewhere.test"), Assertion(server, audience: $"{server.Issuer}/"), Assertion(server, issuer: "somebody"),
            Assertion(server, subject: First), Assertion(server, id: ""), Assertion(server, lifetime: TimeSpan.FromMinutes(-5)), Assertion(server, lifetime: TimeSpan.FromHours(3)),
            Assertion(server, issuedAhead: TimeSpan.FromMinutes(5)), Assertion(server, key: other), "a.b.c", "nonsense",
            new JsonWebTokenHandler().CreateToken(JsonSerializer.Serialize(new { iss = Client, sub = Client, aud = server.Issuer, jti = "x", exp = server.Clock.GetUtcNow().AddMinutes(1).ToUnixTimeSeconds() })),
        ];
        foreach (var assertion in wrong)
        {
            Assert.Equal(401, await StatusAsync(server, assertion));
        }

        Assert.Equal(401, (await SendAsync(server, "/oauth2/introspect", [("token", "x"), ("client_id", First), ("client_assertion_type", Type), ("client_assertion", Assertion(server))])).Status);
        Assert.Equal(401, (await SendAsync(server, "/oauth2/introspect", [("token", "x"), ("client_assertion", Assertion(server))])).Status);
        Assert.Equal(200, await StatusAsync(server, Assertion(server)));
    }

    [Fact]
    public async Task Ids_are_forgotten_once_their_time_is_over()
    {
        await using var server = await StartAsync();
        for (var day = 0; day < 3; day++)
        {
            for (var use = 0; use < 50; use++)
            {
                Assert.Equal(200, await StatusAsync(server, Assertion(server)));
            }

            server.Clock.Advance(TimeSpan.FromDays(1));
        }

        var kept = 0;
        for (var shard = 0; shard < 256; shard++)
        {
            kept += await server.Store.ReadDocumentAsync($"assertions.{shard:x2}", CancellationToken.None) is { } document
                ? JsonSerializer.Deserialize<Dictionary<string, long>>(document.Content.Span)!.Count(entry => entry.Value > server.Clock.GetUtcNow().ToUnixTimeSeconds()) : 0;
        }

        Assert.Equal(0, kept);
    }

    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private async Task<RunningServer> StartAsync()
    {
        var server = await RunningServer.StartAsync();
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(_key.ECDsa.ExportParameters(false))) { KeyId = "k1" });
        var jwks = JsonSerializer.SerializeToElement(new { keys = new[] { new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, kid = jwk.Kid } } });
        await server.AddAsync(Client, application => application with { Jwks = jwks });
        return server;
    }

    private static async Task<int> StatusAsync(RunningServer server, string assertion) =>
        (await SendAsync(server, "/oauth2/introspect", [("token", "x"), ("client_assertion_type", Type), ("client_assertion", assertion)])).Status;

    private string Assertion(
        RunningServer server, string? audience = null, string issuer = Client, string subject = Client, string? id = null,
        TimeSpan? lifetime = null, TimeSpan issuedAhead = default, SecurityKey? key = null)
    {
        var now = server.Clock.GetUtcNow();
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience ?? server.Issuer,
            IssuedAt = (now + issuedAhead).UtcDateTime,
            Expires = (now + (lifetime ?? TimeSpan.FromMinutes(1))).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = subject, ["jti"] = id ?? ApiKey.New().Digest },
            SigningCredentials = new SigningCredentials(key ?? _key, "ES256"),
        });
    }
}
