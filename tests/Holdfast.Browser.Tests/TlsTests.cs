using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>Over TLS, as in production, with a certificate authority that exists for this test.</summary>
[Collection("one browser")]
public sealed class TlsTests(Chromium chromium)
{
    [Fact]
    [Requirement("HP-01", "SID-07")]
    public async Task Everything_works_over_TLS_with_a_certificate_that_the_browser_trusts()
    {
        var home = Directory.CreateTempSubdirectory("holdfast-home-");
        using var authority = Authority();
        using var certificate = CertificateFrom(authority);
        await TrustAsync(home.FullName, authority);
        await using var playground = await RunningPlayground.StartAsync(certificate: certificate);
        await using (var browser = await chromium.LaunchAsync(home.FullName))
        {
            await using var context = await browser.NewContextAsync();
            var page = await context.SignedInAsync(playground);
            Assert.StartsWith("https://", page.Url, StringComparison.Ordinal);
            Assert.True((await context.CookiesAsync()).Single(cookie => cookie.Name == "__Host-Http-holdfast").Secure);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out", Exact = true }).ClickAsync();
            await Expect(page.GetByLabel("Password")).ToBeVisibleAsync();
        }

        home.Delete(recursive: true);
    }

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Holdfast test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private static X509Certificate2 CertificateFrom(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.Create(authority, now.AddDays(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        using var withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    // Chromium on Linux trusts what stands in its user's NSS database.
    private static async Task TrustAsync(string home, X509Certificate2 authority)
    {
        var database = Path.Combine(home, ".pki", "nssdb");
        Directory.CreateDirectory(database);
        var file = Path.Combine(home, "authority.pem");
        await File.WriteAllTextAsync(file, authority.ExportCertificatePem());
        foreach (var arguments in new[] { new[] { "-d", $"sql:{database}", "-N", "--empty-password" }, ["-d", $"sql:{database}", "-A", "-t", "C,,", "-n", "holdfast-test", "-i", file] })
        {
            using var certutil = Start(arguments);
            await certutil.WaitForExitAsync();
            Assert.Equal(0, certutil.ExitCode);
        }
    }

    private static Process Start(string[] arguments)
    {
        try
        {
            return Process.Start("certutil", arguments);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException("certutil is missing: ./test installs it (apt-get install libnss3-tools).");
        }
    }
}
