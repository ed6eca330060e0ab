using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace Holdfast.Packaging.Tests;

/// <summary>The packages, installed into an empty application, run exactly the listing that the README opens with.</summary>
public sealed class ReadmeListingTests : IDisposable
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("holdfast-listing-");

    public void Dispose() => _work.Delete(recursive: true);

    [Fact]
    [Requirement("SID-07")]
    public async Task The_first_listing_of_the_README_runs_from_packages_in_an_empty_application()
    {
        // A version of its own, so that no package of an earlier run can stand in for it.
        var version = $"0.1.0-listing.{TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}";
        var packages = _work.CreateSubdirectory("packages").FullName;
        foreach (var project in new[] { "Holdfast", "Holdfast.Protocol", "Holdfast.AspNetCore", "Holdfast.Sqlite" })
        {
            await DotnetAsync(Root, "pack", $"src/{project}", "--configuration", "Release", "--output", packages, $"-p:PackageVersion={version}", "-nodeReuse:false");
        }

        var application = _work.CreateSubdirectory("application").FullName;
        await DotnetAsync(application, "new", "web", "--output", ".", "--name", "Listing", "--no-restore");
        await DotnetAsync(application, "new", "nugetconfig");
        await DotnetAsync(application, "nuget", "add", "source", packages, "--name", "listing", "--configfile", "nuget.config");
        await DotnetAsync(application, "add", "package", "Holdfast.AspNetCore", "--version", version);
        await DotnetAsync(application, "add", "package", "Holdfast.Sqlite", "--version", version);
        var listing = await ListingAsync();
        Assert.InRange(listing.Split('\n').Count(line => line.Length > 0 && !line.StartsWith("using", StringComparison.Ordinal)), 1, 12);
        await File.WriteAllTextAsync(Path.Combine(application, "Program.cs"), listing);
        await DotnetAsync(application, "build", "-nodeReuse:false");

        using var running = Start(application, "bin/Debug/net10.0/Listing.dll", "--urls", "http://127.0.0.1:0");
        try
        {
            var address = await AddressAsync(running);
            using var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri(address) };
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/me")).StatusCode);
            using var signIn = await http.PostAsync("/sign-in/ada", null);
            var cookie = signIn.Headers.GetValues("Set-Cookie").Single();
            Assert.Matches("^__Host-Http-holdfast=hfs_[^;]+; path=/; secure; httponly; samesite=lax$", cookie);
            using var me = new HttpRequestMessage(HttpMethod.Get, "/me") { Headers = { { "Cookie", cookie.Split(';')[0] } } };
            Assert.Equal("ada", await (await http.SendAsync(me)).Content.ReadAsStringAsync());
            Assert.True(File.Exists(Path.Combine(application, "app.db")));
        }
        finally
        {
            running.Kill();
            await running.WaitForExitAsync();
        }
    }

    private static async Task<string> ListingAsync()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Root, "README.md"));
        return Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
    }

    private static async Task<string> AddressAsync(Process running)
    {
        while (await running.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Regex.Match(line, "Now listening on: (.+)") is { Success: true } match)
            {
                // Read on, so that the program never waits for somebody to read what it says.
                _ = running.StandardOutput.ReadToEndAsync();
                return match.Groups[1].Value;
            }
        }

        throw new InvalidOperationException("The application ended before it listened.");
    }

    private static async Task DotnetAsync(string directory, params string[] arguments)
    {
        using var process = Start(directory, arguments);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}\n{output}");
    }

    private static Process Start(string directory, params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = directory, RedirectStandardOutput = true })!;
}
