using Holdfast.Server.Applications;

namespace Holdfast.Server.Tests.Hosting;

/// <summary>A first start: its key, and settings that are refused.</summary>
public sealed class StartingTests
{
    [Fact]
    public async Task Without_a_terminal_the_first_key_is_in_a_file_of_its_owners_and_in_no_output()
    {
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(directory.Path);
        var file = Path.Combine(directory.Path, "holdfast.db.api-key");
        var key = (await File.ReadAllTextAsync(file)).Trim();
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Contains(server.Lines, line => line.Contains(file, StringComparison.Ordinal));
        Assert.DoesNotContain(server.Lines, line => line.Contains(key[4..], StringComparison.Ordinal));
        using var http = new HttpClient { BaseAddress = server.Address };
        await new ApiCaller(http, key).SignInAsync();

        // Once: a second start shows nothing.
        File.Delete(file);
        Assert.Equal(0, await server.StopAsync());
        await server.StartAgainAsync();
        Assert.False(File.Exists(file));
        await new ApiCaller(http, key).SignInAsync();
    }

    [Fact]
    public async Task The_environment_sets_the_first_applications_key_and_another_one_takes_over_from_it()
    {
        var keys = new[] { ApiKey.New().Reveal(), ApiKey.New().Reveal(), ApiKey.New().Reveal() };
        using var directory = new TemporaryDirectory();
        for (var start = 0; start < keys.Length; start++)
        {
            await using var server = await ServerProcess.StartNodeAsync(directory.Path, "https://holdfast.test", (FirstApplication.Variable, keys[start]));
            using var http = new HttpClient { BaseAddress = server.Address };
            await new ApiCaller(http, keys[start]).SignInAsync();
            await new ApiCaller(http, keys[Math.Max(0, start - 1)]).SignInAsync();
            if (start == 2)
            {
                await new ApiCaller(http, keys[0]).SignInFailsAsync();
            }
        }
    }

    [Theory]
    [InlineData("Holdfast__Store", "postgres", "Store is 'postgres', which this version does not have yet")]
    [InlineData("Holdfast__Store", "mongodb", "Store is 'mongodb': sqlite, redis or memory")]
    [InlineData("Holdfast__Dpop", "true", "'Dpop' is no setting of this version")]
    [InlineData("Holdfast__Idletimeout", "5", "IdleTimeout is 5.00:00:00, above AbsoluteTimeout")]
    [InlineData("Holdfast__KnownProxies__0", "proxy.internal", "KnownProxies contains 'proxy.internal'")]
    [InlineData("Holdfast__DrainTime", "01:00:00", "DrainTime is 01:00:00")]
    [InlineData("HOLDFAST_API_KEY", "hfk_secret-of-mine", "HOLDFAST_API_KEY is not an API key")]
    public async Task A_bad_setting_stops_the_start_and_is_named(string name, string value, string expected)
    {
        using var directory = new TemporaryDirectory();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => ServerProcess.StartAsync(directory.Path, (name, value)));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-mine", failure.Message, StringComparison.Ordinal);
    }
}
