using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Tokens;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Tests.Tokens;

/// <summary>What attackers do to JWTs, each tried on a token that is good otherwise.</summary>
public sealed class AccessTokenAttackTests : IAsyncLifetime
{
    private Engine _engine = null!;
    private string _good = null!;

    private static ECDsa AttackersKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public async ValueTask InitializeAsync()
    {
        _engine = await Engine.StartedAsync();
        _good = (await _engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.AccessToken!.Text.Reveal();
    }

    public ValueTask DisposeAsync()
    {
        _engine.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_token_that_all_attacks_start_from_is_good() => Assert.Equal(AccessTokenFault.None, await FaultAsync(_good));

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    [InlineData("NONE")]
    [InlineData("es256")]
    [InlineData("ES384")]
    [InlineData("RS256")]
    [InlineData("HS256")]
    [InlineData("")]
    [Requirement("JWT-01", "JWT-02")]
    public async Task Another_algorithm_is_refused(string algorithm)
    {
        var header = Header(json => json["alg"] = algorithm);
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync($"{header}.{Part(1)}.{Part(2)}"));
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync($"{header}.{Part(1)}."));
    }

    [Fact]
    [Requirement("JWT-02")]
    public async Task The_public_key_does_not_pass_for_a_shared_secret()
    {
        var jwks = JsonNode.Parse(await _engine.KeyRing.JwksJsonAsync(CancellationToken.None))!["keys"]![0]!;
        byte[][] guesses =
        [
            Encoding.UTF8.GetBytes(jwks.ToJsonString()),
            Base64Url.DecodeFromChars(jwks["x"]!.GetValue<string>()),
            [4, .. Base64Url.DecodeFromChars(jwks["x"]!.GetValue<string>()), .. Base64Url.DecodeFromChars(jwks["y"]!.GetValue<string>())],
        ];
        foreach (var guess in guesses)
        {
            var signed = $"{Header(json => json["alg"] = "HS256")}.{Part(1)}";
            Assert.Equal(AccessTokenFault.Invalid, await FaultAsync($"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(guess, Encoding.ASCII.GetBytes(signed)))}"));
        }
    }

    [Theory]
    [InlineData("jku", "https://attacker.test/jwks.json")]
    [InlineData("x5u", "https://attacker.test/cert.pem")]
    [InlineData("kid", "../../../../dev/null")]
    [InlineData("kid", "x' OR '1'='1")]
    [InlineData("kid", "")]
    [InlineData("kid", "unknown")]
    [Requirement("JWT-05")]
    public async Task A_header_cannot_point_at_another_key(string member, string value) =>
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(SignedByAttacker(json => json[member] = value)));

    [Fact]
    [Requirement("JWT-05")]
    public async Task A_key_inside_the_header_is_ignored()
    {
        var point = AttackersKey.ExportParameters(false).Q;
        var jwk = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(SignedByAttacker(json => json["jwk"] = jwk)));
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("logout+jwt")]
    [InlineData("secevent+jwt")]
    [InlineData("dpop+jwt")]
    [InlineData("dbsc+jwt")]
    [InlineData("statuslist+jwt")]
    [InlineData("AT+JWT ")]
    [InlineData(null)]
    [Requirement("JWT-06")]
    public async Task Another_type_of_token_is_refused_even_under_our_own_signature(string? type) =>
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(await ReSignedAsync(null, type)));

    [Theory]
    [InlineData("iss")]
    [InlineData("exp")]
    [InlineData("aud")]
    [InlineData("sub")]
    [InlineData("client_id")]
    [InlineData("iat")]
    [InlineData("jti")]
    [InlineData("sid")]
    [InlineData("tenant")]
    [InlineData("epoch")]
    [InlineData("cv")]
    [InlineData("gen")]
    [Requirement("JWT-07", "JWT-09")]
    public async Task A_token_of_ours_that_lacks_a_claim_is_refused(string claim) =>
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(await ReSignedAsync(json => json.Remove(claim), "at+jwt")));

    [Theory]
    [InlineData("iss", "https://holdfast.test/")]
    [InlineData("iss", "https://HOLDFAST.test")]
    [InlineData("iss", "https://attacker.test")]
    [InlineData("aud", "https://holdfast.test/")]
    [InlineData("aud", "https://other.test")]
    [Requirement("JWT-08")]
    public async Task Another_issuer_or_audience_is_refused_even_under_our_own_signature(string claim, string value) =>
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(await ReSignedAsync(json => json[claim] = value, "at+jwt")));

    [Fact]
    [Requirement("JWT-09")]
    public async Task Time_is_judged_by_our_clock_with_seconds_of_leeway()
    {
        _engine.Clock.Advance(_engine.Options.AccessTokenLifetime + TimeSpan.FromSeconds(3));
        Assert.Equal(AccessTokenFault.None, await FaultAsync(_good));
        _engine.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(AccessTokenFault.Expired, await FaultAsync(_good));
        var future = _engine.Clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(await ReSignedAsync(
            json =>
            {
                json["nbf"] = future;
                json["exp"] = future + 60;
            },
            "at+jwt")));
    }

    [Fact]
    [Requirement("JWT-10", "JWT-04")]
    public async Task Other_shapes_are_refused()
    {
        var (header, payload, signature) = (Part(0), Part(1), Part(2));
        var duplicate = Encode(Decode(payload).Replace("{", "{\"sub\":\"mallory\",", StringComparison.Ordinal));
        string[] shapes =
        [
            "", ".", "..", "...", header, $"{header}.{payload}", $"{header}.{payload}.", $"{header}.{payload}.{signature}.", $"{_good}.{signature}.{signature}",
            $"{_good}=", $" {_good}", $"{_good}\n", _good + _good, $"{header}.{duplicate}.{signature}", $"{header}.{Encode("{}")}.{signature}",
            $"{header}.{Encode("[1]")}.{signature}", $"{header}.{Encode("not json")}.{signature}", new string('A', 10_240), $"{new string('.', 9000)}",
            "{\"payload\":\"x\",\"signatures\":[]}", _good.Replace('-', '+'), $"{Encode("{\"alg\":\"ES256\",\"alg\":\"none\"}")}.{payload}.{signature}",
            $"{header}.{payload}.{Base64Url.EncodeToString(new byte[64])}", $"{header}.{payload}.{NotCanonical(signature)}", _good[..^1],
            $"{Header(json => json["crit"] = new JsonArray("exp"))}.{payload}.{signature}",
            $"{header}.{Encode(Decode(payload).Replace("ada", "eve", StringComparison.Ordinal))}.{signature}",
        ];
        foreach (var shape in shapes.Where(shape => shape != _good))
        {
            Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(shape));
        }
    }

    [Fact]
    [Requirement("JWT-10")]
    public async Task An_unknown_critical_header_is_refused_even_under_our_own_signature() =>
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(await ReSignedAsync(null, "at+jwt", header => header["crit"] = new[] { "x" })));

    [Fact]
    public async Task Another_environments_token_is_refused()
    {
        using var staging = await Engine.StartedAsync(options => options.Environment = "staging");
        var token = (await staging.SignInAsync(transport: SessionTransport.Tokens)).Credentials!.AccessToken!.Text.Reveal();
        Assert.Equal(AccessTokenFault.Invalid, await FaultAsync(token));
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Decode(string part) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));

    // The last of 86 characters carries four bits of padding: another spelling of the same signature.
    private static string NotCanonical(string signature)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return signature[..^1] + alphabet[alphabet.IndexOf(signature[^1]) ^ 1];
    }

    private string Part(int index) => _good.Split('.')[index];

    private string Header(Action<JsonObject> change)
    {
        var header = JsonNode.Parse(Decode(Part(0)))!.AsObject();
        change(header);
        return Encode(header.ToJsonString());
    }

    private string SignedByAttacker(Action<JsonObject> change)
    {
        var signed = $"{Header(change)}.{Part(1)}";
        return $"{signed}.{Base64Url.EncodeToString(AttackersKey.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    // As if another part of the installation signed it with the very same key.
    private async Task<string> ReSignedAsync(Action<JsonObject>? change, string? type, Action<Dictionary<string, object>>? changeHeader = null)
    {
        var document = await _engine.Store.ReadDocumentAsync("signing-keys", CancellationToken.None);
        var key = SigningKey.Open(JsonSerializer.Deserialize<SealedSigningKey[]>(document!.Content.Span)![0], _engine.Keys)!;
        var payload = JsonNode.Parse(Decode(Part(1)))!.AsObject();
        change?.Invoke(payload);
        var header = new Dictionary<string, object>();
        changeHeader?.Invoke(header);
        if (type is not null)
        {
            header["typ"] = type;
        }

        var all = new Dictionary<string, object>(header) { ["alg"] = "ES256", ["kid"] = key.Id };
        var signed = $"{Encode(JsonSerializer.Serialize(all))}.{Encode(payload.ToJsonString())}";
        var signature = ((ECDsaSecurityKey)key.Key).ECDsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    private async Task<AccessTokenFault> FaultAsync(string token) => (await _engine.KeyRing.VerifyAsync(token, _engine.Terms.Audience, CancellationToken.None)).Fault;
}
