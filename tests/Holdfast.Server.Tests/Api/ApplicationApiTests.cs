using Holdfast.Server.Applications;

namespace Holdfast.Server.Tests.Api;

/// <summary>What a client learns of itself before it checks anything.</summary>
public sealed class ApplicationApiTests
{
    [Fact]
    public async Task An_application_is_told_what_its_clients_need_whatever_its_scopes()
    {
        await using var server = await RunningServer.StartAsync(
            ("Holdfast:AccessTokenClaims:0", "role"), ("Holdfast:SameSite", "strict"), ("Holdfast:MaxStaleness", "00:00:02"));
        var shop = await server.AddAsync("shop", application => application with
        {
            Tenant = "shops", Audience = "https://api.shop.test", Transports = ["cookie"], Scopes = [ApplicationScopes.End],
        });
        var answer = await shop.GetAsync("/v1/application");
        Assert.Equal((200, "no-store"), (answer.Status, answer.Header("Cache-Control")));
        Assert.Equal(
            ("shop", "shops", "https://api.shop.test", server.Issuer, $"{server.Issuer}/.well-known/jwks.json"),
            (answer["id"], answer["tenant"], answer["audience"], answer["issuer"], answer["jwks_uri"]));
        Assert.Equal(["cookie"], Texts(answer, "transports"));
        Assert.Equal([ApplicationScopes.End], Texts(answer, "scopes"));
        Assert.Equal(["role"], Texts(answer, "access_token_claims"));
        Assert.Equal((2000, "strict"), (answer.Json.GetProperty("max_staleness_ms").GetInt64(), answer["same_site"]));
        Assert.Equal(200, (await server.Http.GetAsync(new Uri(answer["jwks_uri"]!))).IsSuccessStatusCode ? 200 : 0);
    }

    private static string?[] Texts(ApiAnswer answer, string member) => [.. answer.Json.GetProperty(member).EnumerateArray().Select(one => one.GetString())];
}
