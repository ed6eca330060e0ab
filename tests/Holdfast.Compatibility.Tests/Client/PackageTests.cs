using System.IO.Compression;
using Holdfast.Compatibility.Tests.Backends;

namespace Holdfast.Compatibility.Tests.Client;

/// <summary>The package, as an application would install it.</summary>
public sealed class PackageTests
{
    private static readonly string Source = Path.Combine(Backend.Repository, "clients", "browser");

    [Fact]
    public async Task It_builds_to_what_the_samples_serve_stays_below_3_KB_and_installs_with_its_types()
    {
        var served = await File.ReadAllBytesAsync(Path.Combine(Backend.Repository, "samples", "shared", "holdfast-browser.js"));
        await Programs.RunAsync(Source, "./build");
        var built = await File.ReadAllBytesAsync(Path.Combine(Source, "dist", "holdfast-browser.js"));
        Assert.True(served.AsSpan().SequenceEqual(built), "samples/shared/holdfast-browser.js was not what clients/browser builds to. It is now: commit it.");
        Assert.InRange(Gzipped(built), 1, 3 * 1024);

        using var project = new TemporaryDirectory();
        var package = (await Programs.RunAsync(Source, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", project.Path)).Trim();
        await File.WriteAllTextAsync(Path.Combine(project.Path, "package.json"), """{"type":"module"}""");
        await Programs.RunAsync(project.Path, "npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", $"./{package}");
        const string Use = "import { createClient } from '@holdfast/browser'; console.log(typeof createClient)";
        Assert.Equal("function", (await Programs.RunAsync(project.Path, "node", "--input-type=module", "-e", Use)).Trim());
        await File.WriteAllTextAsync(Path.Combine(project.Path, "use.ts"), """
            import { createClient, type Session } from '@holdfast/browser'
            const client = createClient({ authPath: '/auth' })
            const session: Session | null = await client.session()
            client.on('idle-warning', ({ at }) => console.log(at.getTime(), session?.sid))
            export {}
            """);
        await Programs.RunAsync(Source, "npx", "tsc", "--noEmit", "--strict", "--ignoreConfig", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", Path.Combine(project.Path, "use.ts"));
    }

    private static long Gzipped(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return target.Length;
    }
}
