using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.AspNetCore.Tests.OpenIdConnect;

/// <summary>OpenID Connect Back-Channel Logout 1.0 at our endpoint. A whole provider stands in Holdfast.Browser.Tests.</summary>
public sealed class BackChannelLogoutTests : IDisposable
{
    private const string Issuer = "https://provider.test";
    private const string Client = "app";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static TheoryData<string, Action<Dictionary<string, object>>> BadClaims => new()
    {
        { "another issuer", claims => claims["iss"] = "https://other.test" },
        { "another audience", claims => claims["aud"] = "other" },
        { "no iat", claims => claims.Remove("iat") },
        { "no exp", claims => claims.Remove("exp") },
        { "expired", claims => claims["exp"] = (long)claims["iat"] - 120 },
        { "from the future", claims => claims["iat"] = (long)claims["iat"] + 300 },
        { "long-lived", claims => claims["exp"] = (long)claims["iat"] + 86_400 },
        { "no jti", claims => claims.Remove("jti") },
        { "a nonce", claims => claims["nonce"] = "n" },
        { "no event", claims => claims.Remove("events") },
        { "another event", claims => claims["events"] = new Dictionary<string, object> { ["http://example.org/event"] = new Dictionary<string, object>() } },
        { "nobody named", claims => { claims.Remove("sub"); claims.Remove("sid"); } },
    };

    public void Dispose() => _key.Dispose();

    [Theory]
    [MemberData(nameof(BadClaims))]
    [Requirement("LO-09")]
    public async Task A_token_that_fails_a_check_is_400_and_ends_nothing(string what, Action<Dictionary<string, object>> spoil)
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app, "ada", "s1");
        using var refused = await SendAsync(app, Token(app, spoil));
        Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, what);
        Assert.Equal("invalid_request", await Answer.TextAsync(refused, "error"));
        Assert.Equal("no-store", refused.Headers.CacheControl!.ToString());
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/me")).StatusCode);
    }

    [Theory]
    [InlineData("foreign key")]
    [InlineData("none")]
    [InlineData("hmac")]
    [InlineData("at+jwt")]
    [InlineData("nothing")]
    [Requirement("LO-09")]
    public async Task A_token_that_is_not_the_providers_is_400(string what)
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app, "ada", "s1");
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = Token(app, _ => { });
        var token = what switch
        {
            "foreign key" => Token(app, _ => { }, key: new ECDsaSecurityKey(foreign) { KeyId = "k1" }),
            "none" => $"{Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"logout+jwt\"}")}.{good.Split('.')[1]}.",
            "hmac" => Token(app, _ => { }, key: new SymmetricSecurityKey(_key.ExportSubjectPublicKeyInfo()) { KeyId = "k1" }, algorithm: "HS256"),
            "at+jwt" => Token(app, _ => { }, type: "at+jwt"),
            _ => null,
        };
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(app, token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/me")).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Requirement("LO-09")]
    public async Task A_genuine_one_ends_the_named_session_and_no_other(bool sidAlone)
    {
        await using var app = await StartAsync();
        using var named = await SignedInAsync(app, "ada", "s1");
        using var otherSession = await SignedInAsync(app, "ada", "s2");
        using var otherWay = await app.SignedInAsync("ada");
        using var otherUser = await SignedInAsync(app, "bob", "s3");
        using var taken = await SendAsync(app, Token(app, claims => _ = sidAlone && claims.Remove("sub")));
        Assert.Equal((HttpStatusCode.OK, "no-store"), (taken.StatusCode, taken.Headers.CacheControl!.ToString()));
        Assert.Equal("session_revoked", await Answer.ReasonAsync(await named.GetAsync("/me")));
        foreach (var live in new[] { otherSession, otherWay, otherUser })
        {
            Assert.Equal(HttpStatusCode.OK, (await live.GetAsync("/me")).StatusCode);
        }

        Assert.Contains(await app.EventsAsync(), one => one.Reason == "signed_out_at_provider");
    }

    [Fact]
    [Requirement("LO-09")]
    public async Task A_key_that_the_provider_has_just_made_is_fetched_and_an_unknown_one_does_not_make_us_ask_again_and_again()
    {
        using var newKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var provider = new Rotated(new ECDsaSecurityKey(newKey) { KeyId = "k2" });
        await using var app = await StartAsync(provider: provider);
        using var ada = await SignedInAsync(app, "ada", "s1");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(app, Token(app, _ => { }, key: new ECDsaSecurityKey(newKey) { KeyId = "k2" }))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ada.GetAsync("/me")).StatusCode);
        var asked = provider.Requests;
        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(app, Token(app, _ => { }, key: new ECDsaSecurityKey(newKey) { KeyId = $"k{attempt + 3}" }))).StatusCode);
        }

        Assert.Equal(asked, provider.Requests);
    }

    [Fact]
    [Requirement("LO-09")]
    public async Task A_token_that_was_seen_before_is_200_and_does_nothing()
    {
        await using var app = await StartAsync();
        var token = Token(app, claims => claims.Remove("sid"));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(app, token)).StatusCode);
        using var later = await SignedInAsync(app, "ada", "s9");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(app, token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await later.GetAsync("/me")).StatusCode);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.OK)]
    [InlineData(true, HttpStatusCode.Unauthorized)]
    [Requirement("LO-10")]
    public async Task Token_sessions_end_only_if_that_was_chosen(bool endTokenSessions, HttpStatusCode afterwards)
    {
        await using var app = await StartAsync(endTokenSessions);
        using var client = new HttpClient { BaseAddress = app.Address };
        var tokens = await Answer.JsonAsync(await client.PostAsync("/provider-tokens/ada/s1", null));
        client.DefaultRequestHeaders.Authorization = new("Bearer", tokens.GetProperty("access_token").GetString());
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(app, Token(app, _ => { }))).StatusCode);
        Assert.Equal(afterwards, (await client.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("LO-09")]
    public async Task Sessions_behind_the_stock_cookie_are_found_as_well()
    {
        await using var app = await StartAsync();
        using var ada = app.Browser();
        (await ada.PostAsync("/stock-sign-in/ada/s1")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/stock-me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(app, Token(app, _ => { }))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ada.GetAsync("/auth/session")).StatusCode);
    }

    [Fact]
    [Requirement("ER-01")]
    public async Task While_the_store_is_silent_it_is_503_and_the_providers_next_try_works()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app, "ada", "s1");
        var token = Token(app, _ => { });
        app.Store.Silent = true;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(app, token)).StatusCode);
        app.Store.Silent = false;
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(app, token)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ada.GetAsync("/me")).StatusCode);
    }

    [Fact]
    [Requirement("SU-01", "SU-05")]
    public async Task A_session_is_as_old_as_the_providers_proof()
    {
        await using var app = await StartAsync();
        using var ada = await SignedInAsync(app, "ada", "s1", authTime: app.Clock.GetUtcNow().AddHours(-3));
        Assert.Equal("reauthentication_required", await Answer.ReasonAsync(await ada.PostAsync("/auth/logout", new { scope = "others" })));
    }

    private string Token(TestApp app, Action<Dictionary<string, object>> change, SecurityKey? key = null, string algorithm = "ES256", string type = "logout+jwt")
    {
        var now = app.Clock.GetUtcNow().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Issuer,
            ["aud"] = Client,
            ["iat"] = now,
            ["exp"] = now + 120,
            ["jti"] = "token-1",
            ["sub"] = "ada",
            ["sid"] = "s1",
            ["events"] = new Dictionary<string, object> { ["http://schemas.openid.net/event/backchannel-logout"] = new Dictionary<string, object>() },
        };
        change(claims);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            TokenType = type,
            SigningCredentials = new SigningCredentials(key ?? new ECDsaSecurityKey(_key) { KeyId = "k1" }, algorithm),
        });
    }

    private static async Task<HttpResponseMessage> SendAsync(TestApp app, string? token)
    {
        using var provider = new HttpClient { BaseAddress = app.Address };
        return await provider.PostAsync("/signout-oidc-backchannel", new FormUrlEncodedContent(token is null ? [] : [KeyValuePair.Create("logout_token", token)]));
    }

    private static async Task<BrowserClient> SignedInAsync(TestApp app, string user, string sid, DateTimeOffset? authTime = null)
    {
        var browser = app.Browser();
        (await browser.PostAsync($"/provider-sign-in/{user}/{sid}?authTime={(authTime ?? app.Clock.GetUtcNow()).ToUnixTimeSeconds()}")).EnsureSuccessStatusCode();
        return browser;
    }

    private Task<TestApp> StartAsync(bool endTokenSessions = false, Rotated? provider = null) => TestApp.StartAsync(
        build: builder =>
        {
            var known = new OpenIdConnectConfiguration { Issuer = Issuer };
            known.SigningKeys.Add(new ECDsaSecurityKey(_key) { KeyId = "k1" });
            builder.Services.AddAuthentication().AddCookie("Cookies").AddOpenIdConnect(options =>
            {
                options.ClientId = Client;
                options.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(known);
                options.MetadataAddress = provider is null ? null : $"{Issuer}/.well-known/openid-configuration";
                options.BackchannelHttpHandler = provider;
            });
            builder.Services.AddHoldfast().UseForOpenIdConnect(options => options.EndTokenSessions = endTokenSessions).UseForCookies();
        },
        map: app =>
        {
            app.MapBackChannelLogout();
            app.MapPost("/provider-sign-in/{user}/{sid}", (HttpContext http, string user, string sid, string authTime) => http.SignInAsync(Principal(user, sid, authTime)));
            app.MapPost("/stock-sign-in/{user}/{sid}", (HttpContext http, string user, string sid) => http.SignInAsync("Cookies", Principal(user, sid, "1")));
            app.MapGet("/stock-me", (ClaimsPrincipal me) => me.FindFirstValue(ClaimTypes.NameIdentifier))
                .RequireAuthorization(policy => policy.AddAuthenticationSchemes("Cookies").RequireAuthenticatedUser());
            app.MapPost("/provider-tokens/{user}/{sid}", (HttpContext http, string user, string sid) => http.SignInForTokensAsync(Principal(user, sid, "1")));
        });

    private static ClaimsPrincipal Principal(string user, string sid, string authTime) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, user), new Claim("sid", sid), new Claim("auth_time", authTime), new Claim(HoldfastDefaults.ProviderClaim, "OpenIdConnect")], "oidc"));

    /// <summary>The provider's discovery, with keys that the handler has not read yet.</summary>
    private sealed class Rotated(ECDsaSecurityKey key) : HttpMessageHandler
    {
        public int Requests { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(key);
            object body = request.RequestUri!.AbsolutePath.EndsWith("openid-configuration", StringComparison.Ordinal)
                ? new { issuer = Issuer, jwks_uri = $"{Issuer}/jwks" }
                : new { keys = new[] { new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, kid = key.KeyId, use = "sig" } } };
            return Task.FromResult(new HttpResponseMessage { Content = System.Net.Http.Json.JsonContent.Create(body) });
        }
    }
}
