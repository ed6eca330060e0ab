using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Holdfast.Server.Tests.OAuth;

/// <summary>Clients and verifiers that others wrote, each with all of its checks on, against a real process.</summary>
public sealed class StrictClientTests
{
    private const string Audience = "https://api.shop.test";

    private static readonly string Clients = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../oauth-clients"));
    private static readonly Lazy<Task> Installed = new(InstallAsync);

    [Theory]
    [InlineData("oauth4webapi")]
    [InlineData("openid-client")]
    [InlineData("jose")]
    [Requirement("HP-03", "HP-06", "HP-07", "HP-09", "HP-10", "HP-11", "SU-08")]
    public async Task A_strict_client_of_Nodes_finds_nothing_to_object_to(string client)
    {
        await Installed.Value;
        await RunAsync("node", ["clients.mjs", client]);
    }

    [Theory]
    [InlineData("authlib")]
    [InlineData("pyjwt")]
    [Requirement("HP-03", "HP-06", "HP-07", "HP-09", "HP-10", "HP-11")]
    public Task A_strict_client_of_Pythons_finds_nothing_to_object_to(string client) => RunAsync("/usr/bin/python3", ["clients.py", client]);

    private static async Task RunAsync(string program, string[] arguments)
    {
        using var directory = new TemporaryDirectory();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var server = await ServerProcess.StartAsync(directory.Path, ("Holdfast__AcrValues__0", "aal1"), ("Holdfast__AcrValues__1", "aal2"));
        var jwks = Path.Combine(directory.Path, "jwks.json");
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(key) { KeyId = "k1" });
        await File.WriteAllTextAsync(jwks, JsonSerializer.Serialize(new { keys = new[] { new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, kid = "k1", alg = "ES256" } } }));
        var secret = await server.AddAsync("shop", "--audience", Audience, "--jwks", jwks);
        using var http = new HttpClient { BaseAddress = server.Address };
        var session = await new ApiCaller(http, secret).SignInAsync(transport: "tokens");
        var given = JsonSerializer.Serialize(new
        {
            issuer = server.Issuer,
            audience = Audience,
            client_id = "shop",
            client_secret = secret,
            refresh_token = session.RefreshToken,
            access_token = session.AccessToken,
            private_jwk = new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, d = jwk.D, kid = "k1" },
            private_pem = key.ExportPkcs8PrivateKeyPem(),
        });

        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Clients,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteAsync(given);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0 && output.TrimEnd().EndsWith("ok", StringComparison.Ordinal), $"{output}\n{await error}");
    }

    private static async Task InstallAsync()
    {
        if (Directory.Exists(Path.Combine(Clients, "node_modules")))
        {
            return;
        }

        using var install = Process.Start(new ProcessStartInfo("npm", ["ci", "--silent", "--no-audit", "--no-fund"]) { WorkingDirectory = Clients })!;
        await install.WaitForExitAsync();
        Assert.True(install.ExitCode == 0, "npm ci failed for the OAuth clients.");
    }
}
