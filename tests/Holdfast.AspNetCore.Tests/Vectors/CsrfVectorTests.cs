using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.AspNetCore.Csrf;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>CSRF protection decides here as in every client.</summary>
public sealed class CsrfVectorTests
{
    [Fact]
    public void A_secret_yields_the_keys_that_stand_beside_it() =>
        Assert.All(VectorFile.Read("csrf-tokens.json").GetProperty("keys").EnumerateArray(), key =>
        {
            Assert.Equal(key.Text("csrf"), Derive(key.Text("secret")!, "holdfast/1 csrf"));
            Assert.Equal(key.Text("pre_session"), Derive(key.Text("secret")!, "holdfast/1 pre-session"));
        });

    [Fact]
    public void A_token_is_good_for_its_binding_under_any_key_of_the_list()
    {
        var file = VectorFile.Read("csrf-tokens.json");
        var keys = Keys(file, "csrf");
        Assert.All(file.Cases("tokens"), one =>
            Assert.Equal(one.GetProperty("valid").GetBoolean(), CsrfTokens.IsValid(keys, Binding(one.GetProperty("binding"), file), one.Text("token"))));
        var mine = CsrfTokens.BindingOf(SessionHandle.New(0), 1);
        Assert.True(CsrfTokens.IsValid(keys, mine, CsrfTokens.Issue(keys[0], mine)));
    }

    [Fact]
    public void A_pre_session_is_genuine_and_not_over_or_nobodys()
    {
        var file = VectorFile.Read("csrf-tokens.json");
        var now = DateTimeOffset.FromUnixTimeSeconds(file.GetProperty("now").GetInt64());
        Assert.All(file.Cases("pre_sessions"), one =>
            Assert.Equal(one.Text("nonce"), PreSession.Parse(one.Text("value"), Keys(file, "pre_session"), now) is { } known ? Base64Url.EncodeToString(known.Nonce) : null));
    }

    [Fact]
    public void A_request_is_allowed_refused_or_asked_for_its_token() =>
        Assert.All(VectorFile.Read("csrf-requests.json").Cases("cases"), one =>
        {
            var headers = one.GetProperty("headers");
            var kind = one.Text("credential") switch
            {
                "bearer" => CredentialKind.Bearer,
                "cookie" => CredentialKind.SessionCookie,
                _ => CredentialKind.None,
            };
            var request = new GuardedRequest(
                one.Text("method")!, one.GetProperty("upgrade").GetBoolean(), kind, headers.Text("sec-fetch-site"), headers.Text("origin"), new HostString(one.Text("host")!));
            var need = CrossOriginGuard.Judge(request, one.GetProperty("trusted_origins").EnumerateArray().Select(origin => origin.GetString()!), requireFetchMetadata: false);
            Assert.Equal((one.Name(), one.Text("answer")), (one.Name(), need switch { CsrfNeed.Nothing => "allowed", CsrfNeed.Token => "token", _ => "refused" }));
        });

    private static byte[][] Keys(JsonElement file, string member) =>
        [.. file.GetProperty("keys").EnumerateArray().Select(key => Convert.FromHexString(key.Text(member)!))];

    // What a pre-session is bound to is read from a cookie: one with this nonce is among the cases.
    private static byte[] Binding(JsonElement binding, JsonElement file)
    {
        if (binding.Text("sid") is { } sid)
        {
            Assert.True(SessionHandle.TryParse(sid, out var handle));
            return CsrfTokens.BindingOf(handle, binding.GetProperty("cv").GetInt32());
        }

        var cookie = file.GetProperty("pre_sessions").EnumerateArray().First(one => one.Text("nonce") == binding.Text("nonce")).Text("value");
        var now = DateTimeOffset.FromUnixTimeSeconds(file.GetProperty("now").GetInt64());
        return CsrfTokens.BindingOf(PreSession.Parse(cookie, Keys(file, "pre_session"), now)!);
    }

    private static string Derive(string secret, string info) =>
        Convert.ToHexStringLower(HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: Encoding.UTF8.GetBytes(info)));
}
