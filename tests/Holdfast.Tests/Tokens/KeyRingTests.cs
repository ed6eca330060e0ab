using System.Text.Json;
using Holdfast.Tokens;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Holdfast.Tests.Tokens;

/// <summary>Signing keys: their kinds, their times, and how they lie in the store.</summary>
public sealed class KeyRingTests
{
    [Theory]
    [InlineData("ES256", 256)]
    [InlineData("RS256", 3072)]
    [InlineData("PS256", 3072)]
    [InlineData("HS256", 256)]
    [Requirement("JWT-03", "CR-03")]
    public async Task Each_algorithm_signs_and_verifies_with_a_strong_key(string algorithm, int bits)
    {
        using var engine = await Engine.StartedAsync(options => options.SigningAlgorithm = algorithm);
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        Assert.Equal(Refusal.None, (await engine.CheckTokenAsync(signIn.Credentials!)).Refusal);
        var stored = await engine.Store.ReadDocumentAsync("signing-keys", CancellationToken.None);
        var key = SigningKey.Open(JsonSerializer.Deserialize<SealedSigningKey[]>(stored!.Content.Span)![0], engine.Keys)!;
        Assert.Equal((algorithm, bits), (key.Algorithm, key.Key.KeySize));
    }

    [Fact]
    [Requirement("JWT-03", "JWT-13", "JWT-06")]
    public async Task By_default_a_token_is_ES256_and_lives_five_minutes()
    {
        using var engine = await Engine.StartedAsync();
        var token = (await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.AccessToken!;
        var jwt = new JsonWebToken(token.Text.Reveal());
        Assert.Equal(("ES256", "at+jwt"), (jwt.Alg, jwt.Typ));
        Assert.Equal(TimeSpan.FromMinutes(5), token.Lifetime);
    }

    [Fact]
    [Requirement("JWT-14", "JWT-12", "JWT-07")]
    public async Task A_token_says_what_RFC_9068_asks_and_no_claim_that_was_not_configured()
    {
        using var engine = await Engine.StartedAsync();
        using var configured = await Engine.StartedAsync(options => options.AccessTokenClaims.Add("role"));
        string[] always = ["acr", "amr", "aud", "auth_time", "client_id", "cv", "epoch", "exp", "gen", "iat", "iss", "jti", "sid", "sub", "tenant"];
        Assert.Equal(always, await ClaimsAsync(engine));
        Assert.Equal(always.Append("role").Order(StringComparer.Ordinal), await ClaimsAsync(configured));
    }

    [Fact]
    [Requirement("HP-10", "CR-05")]
    public async Task A_key_is_announced_before_it_signs_kept_while_needed_and_then_forgotten()
    {
        var secret = Engine.NewSecret();
        using var one = await Engine.StartedAsync(secret: secret);
        using var other = await Engine.StartedAsync(store: one.Store, secret: secret, clock: one.Clock);
        var first = await KeyIdsAsync(one);
        one.Clock.Advance(one.Options.SigningKeyLifetime - KeySchedule.JwksCacheLifetime);
        Assert.True(await one.KeyRing.RotateIfDueAsync(CancellationToken.None));
        Assert.False(await other.KeyRing.RotateIfDueAsync(CancellationToken.None));
        var both = await KeyIdsAsync(other);
        Assert.Equal(2, both.Length);

        Assert.Equal(first[0], await SignsWithAsync(one));
        one.Clock.Advance(KeySchedule.JwksCacheLifetime);
        Assert.Equal(both.Except(first).Single(), await SignsWithAsync(one));

        one.Clock.Advance(one.Options.SigningKeyLifetime);
        await one.KeyRing.RotateIfDueAsync(CancellationToken.None);
        Assert.DoesNotContain(first[0], await KeyIdsAsync(one));
    }

    [Fact]
    [Requirement("CR-05", "HP-10")]
    public async Task No_token_is_refused_on_either_node_while_keys_rotate()
    {
        var secret = Engine.NewSecret();
        using var one = await Engine.StartedAsync(options => options.SigningKeyLifetime = TimeSpan.FromDays(1), secret: secret);
        using var other = await Engine.StartedAsync(options => options.SigningKeyLifetime = TimeSpan.FromDays(1), one.Store, secret, one.Clock);
        Engine[] nodes = [one, other];
        var signedWith = new HashSet<string>();
        for (var minute = 0; minute < 3 * 24 * 60; minute += 2)
        {
            var (maker, checker) = (nodes[minute / 2 % 2], nodes[(minute / 2 % 2) ^ 1]);
            var token = (await maker.SignInAsync($"user{minute}", SessionTransport.Tokens)).Credentials!;
            signedWith.Add(new JsonWebToken(token.AccessToken!.Text.Reveal()).Kid);
            one.Clock.Advance(TimeSpan.FromMinutes(2));
            await checker.KeyRing.RotateIfDueAsync(CancellationToken.None);
            Assert.Equal(AccessTokenFault.None, (await checker.KeyRing.VerifyAsync(token.AccessToken.Text.Reveal(), checker.Terms.Audience, CancellationToken.None)).Fault);
        }

        Assert.InRange(signedWith.Count, 3, 5);
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    [InlineData("HS256")]
    [Requirement("HP-10", "CR-06")]
    public async Task The_JWKS_holds_public_members_only(string algorithm)
    {
        using var engine = await Engine.StartedAsync(options => options.SigningAlgorithm = algorithm);
        using var jwks = JsonDocument.Parse(await engine.KeyRing.JwksJsonAsync(CancellationToken.None));
        var members = jwks.RootElement.GetProperty("keys").EnumerateArray().SelectMany(key => key.EnumerateObject().Select(member => member.Name)).ToArray();
        Assert.Empty(members.Intersect(["d", "p", "q", "dp", "dq", "qi", "k", "oth"]));
        Assert.Equal(algorithm == "HS256" ? 0 : 1, jwks.RootElement.GetProperty("keys").GetArrayLength());
        if (algorithm != "HS256")
        {
            Assert.Equivalent(new[] { "kid", "use", "alg", "kty" }, members.Intersect(["kid", "use", "alg", "kty"]));
        }
    }

    [Fact]
    [Requirement("CR-04", "CR-01")]
    public async Task Keys_at_rest_are_sealed_and_bound_to_their_name_and_algorithm()
    {
        using var engine = await Engine.StartedAsync();
        var stored = (await engine.Store.ReadDocumentAsync("signing-keys", CancellationToken.None))!;
        var sealedKey = JsonSerializer.Deserialize<SealedSigningKey[]>(stored.Content.Span)![0];
        var plain = ((Microsoft.IdentityModel.Tokens.ECDsaSecurityKey)SigningKey.Open(sealedKey, engine.Keys)!.Key).ECDsa.ExportParameters(true).D!;
        Assert.Equal(-1, stored.Content.Span.IndexOf(plain));
        Assert.Equal(-1, sealedKey.Sealed.AsSpan().IndexOf(plain));
        Assert.Throws<HoldfastConfigurationException>(() => SigningKey.Open(sealedKey with { Id = "another" }, engine.Keys));
        Assert.Throws<HoldfastConfigurationException>(() => SigningKey.Open(sealedKey with { Algorithm = "HS256" }, engine.Keys));
        Assert.NotEqual(sealedKey.Nonce, SigningKey.Open(sealedKey, engine.Keys)!.Seal(engine.Keys.Active).Nonce);
    }

    [Fact]
    [Requirement("JWT-05")]
    public async Task A_flood_of_unknown_keys_asks_the_store_once_a_second()
    {
        var counting = new ObservedStore(new MemorySessionStore(TimeProvider.System));
        using var engine = await Engine.StartedAsync(store: counting);
        var token = (await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.AccessToken!.Text.Reveal();
        var before = counting.DocumentReads;
        var header = System.Buffers.Text.Base64Url.EncodeToString("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"unknown\"}"u8);
        for (var index = 0; index < 1000; index++)
        {
            await engine.KeyRing.VerifyAsync($"{header}.{token.Split('.')[1]}.{token.Split('.')[2]}", engine.Terms.Audience, CancellationToken.None);
        }

        Assert.InRange(counting.DocumentReads - before, 0, 1);
    }

    [Fact]
    public async Task A_store_of_another_environment_issuer_or_secret_is_refused()
    {
        using var production = await Engine.StartedAsync(options => options.Environment = "production");
        Assert.True(await StoreIdentity.EnsureAsync(production.Store, production.Keys, production.Options, CancellationToken.None));
        Assert.False(await StoreIdentity.EnsureAsync(production.Store, production.Keys, production.Options, CancellationToken.None));
        await RefusedAsync(production, options => options.Environment = "staging", "staging");
        await RefusedAsync(production, options => (options.Environment, options.Issuer) = ("production", "https://other.test"), "https://other.test");
        await RefusedAsync(production, options => options.Environment = "production", "MasterSecret");
    }

    private static async Task RefusedAsync(Engine known, Action<HoldfastOptions> configure, string named)
    {
        using var other = new Engine(configure, known.Store);
        var refused = await Assert.ThrowsAsync<HoldfastConfigurationException>(() => StoreIdentity.EnsureAsync(known.Store, other.Keys, other.Options, CancellationToken.None));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<string>> ClaimsAsync(Engine engine)
    {
        var token = (await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.AccessToken!.Text.Reveal();
        using var payload = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]));
        return [.. payload.RootElement.EnumerateObject().Select(claim => claim.Name).Order(StringComparer.Ordinal)];
    }

    private static async Task<string[]> KeyIdsAsync(Engine engine)
    {
        // Past the time for which a node trusts the keys that it read.
        engine.Clock.Advance(TimeSpan.FromMinutes(3));
        using var jwks = JsonDocument.Parse(await engine.KeyRing.JwksJsonAsync(CancellationToken.None));
        return [.. jwks.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()!)];
    }

    private static async Task<string> SignsWithAsync(Engine engine) =>
        new JsonWebToken((await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.AccessToken!.Text.Reveal()).Kid;
}
