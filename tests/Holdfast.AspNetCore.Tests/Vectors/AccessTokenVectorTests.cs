using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.Tokens;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>Access tokens are judged here as by every client.</summary>
public sealed class AccessTokenVectorTests
{
    [Fact]
    public async Task An_access_token_is_valid_with_its_facts_expired_or_invalid()
    {
        var file = VectorFile.Read("access-tokens.json");
        var ring = await RingAsync(file);
        foreach (var one in file.Cases("cases"))
        {
            var check = await ring.VerifyAsync(one.Text("token")!, file.Text("audience")!, CancellationToken.None);
            var answer = check.Fault switch
            {
                AccessTokenFault.Expired => "token_expired",
                AccessTokenFault.None when check.Facts!.Tenant == file.Text("tenant") => "valid",
                _ => "token_invalid",
            };
            Assert.Equal((one.Name(), one.Text("answer")), (one.Name(), answer));
            if (answer == "valid")
            {
                AssertSays(one.GetProperty("facts"), check.Facts!);
            }
        }
    }

    [Fact]
    public async Task The_key_set_is_the_one_that_a_server_with_these_keys_publishes()
    {
        var file = VectorFile.Read("access-tokens.json");
        var published = JsonDocument.Parse(await (await RingAsync(file)).JwksJsonAsync(CancellationToken.None)).RootElement;
        foreach (var (expected, actual) in file.GetProperty("jwks").GetProperty("keys").EnumerateArray().Zip(published.GetProperty("keys").EnumerateArray()))
        {
            Assert.True(JsonElement.DeepEquals(expected, actual), actual.GetRawText());
        }
    }

    private static void AssertSays(JsonElement facts, AccessTokenFacts known)
    {
        Assert.Equal(
            (facts.Text("sid"), facts.Text("sub"), facts.Text("tenant"), facts.Text("acr")),
            (known.Handle.ToString(), known.Subject, known.Tenant, known.Assurance.Acr));
        Assert.Equal(
            (facts.GetProperty("epoch").GetInt64(), facts.GetProperty("cv").GetInt32(), facts.GetProperty("gen").GetInt32(), facts.GetProperty("exp").GetInt64()),
            (known.Epoch, known.CredentialVersion, known.Generation, known.ExpiresAt.ToUnixTimeSeconds()));
        Assert.Equal(facts.TryGetProperty("auth_time", out var at) ? at.GetInt64() : null, known.Assurance.AuthTime?.ToUnixTimeSeconds());
        Assert.Equal(facts.GetProperty("amr").EnumerateArray().Select(method => method.GetString()), known.Assurance.Amr);
    }

    // A store as a server has it that signed these tokens: the keys lie in it, sealed.
    private static async Task<KeyRing> RingAsync(JsonElement file)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(file.GetProperty("now").GetInt64()));
        var options = new HoldfastOptions { Environment = "test", Issuer = file.Text("issuer")! };
        var master = new MasterKeys(Convert.ToBase64String(Secret.New().Reveal()), options.Environment, options.Issuer);
        var store = new MemorySessionStore(clock);
        var keys = file.GetProperty("jwks").GetProperty("keys").EnumerateArray()
            .Select(jwk => Sealed(jwk, Convert.FromBase64String(file.GetProperty("private_keys").Text(jwk.Text("kid")!)!), master.Active, clock)).ToArray();
        await store.WriteDocumentAsync("signing-keys", JsonSerializer.SerializeToUtf8Bytes(keys), 0, CancellationToken.None);
        return new KeyRing(store, master, options, clock);
    }

    private static object Sealed(JsonElement jwk, byte[] secret, DerivedKeys master, TimeProvider clock)
    {
        var (nonce, bytes) = (RandomNumberGenerator.GetBytes(12), new byte[secret.Length + 16]);
        using var aes = new AesGcm(master.SigningKeyEncryption, 16);
        aes.Encrypt(nonce, secret, bytes.AsSpan(0, secret.Length), bytes.AsSpan(secret.Length), Encoding.UTF8.GetBytes($"{jwk.Text("alg")} {jwk.Text("kid")}"));
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return new { Id = jwk.Text("kid"), Algorithm = jwk.Text("alg"), CreatedAt = now, ActiveFrom = now, MasterKeyId = master.KeyId, Nonce = nonce, Sealed = bytes };
    }
}
