using System.Diagnostics;
using System.Text.Json;
using Holdfast.Compatibility.Tests.Backends;
using Holdfast.Compatibility.Tests.Table;

namespace Holdfast.Compatibility.Tests.Scenarios;

/// <summary>Runs tests/firefox/scenarios.mjs once, against all backends, and keeps what it says.</summary>
public sealed class FirefoxRun(Suite suite) : IAsyncLifetime
{
    private static readonly string Directory = Path.Combine(Backend.Repository, "tests", "firefox");

    private readonly AttackingSite _attacker = new();
    private readonly Dictionary<(string Scenario, string Backend), string?> _errors = [];

    public async ValueTask InitializeAsync()
    {
        await _attacker.InitializeAsync();
        if (!File.Exists("/usr/bin/firefox-esr"))
        {
            throw new InvalidOperationException("Firefox is missing: ./test installs it (apt-get install firefox-esr).");
        }

        if (!System.IO.Directory.Exists(Path.Combine(Directory, "node_modules")))
        {
            await Programs.RunAsync(Directory, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
        }

        var given = JsonSerializer.Serialize(new
        {
            executable = "/usr/bin/firefox-esr",
            sites = Backend.All.ToDictionary(backend => backend.Name, backend => suite.Deployment[backend.Name].Address.GetLeftPart(UriPartial.Authority)),
            attacker = _attacker.At("localhost").ToString(),
        });

        // Firefox refuses to start as root in somebody else's home.
        using var home = new TemporaryDirectory();
        var start = new ProcessStartInfo("node", ["scenarios.mjs"]) { WorkingDirectory = Directory };
        start.Environment["HOME"] = home.Path;
        foreach (var line in (await Programs.RunAsync(start, given)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var result = JsonDocument.Parse(line).RootElement;
            var error = result.TryGetProperty("error", out var found) ? found.GetString() : null;
            _errors.Add((result.GetProperty("scenario").GetString()!, result.GetProperty("backend").GetString()!), error);
        }
    }

    public ValueTask DisposeAsync() => _attacker.DisposeAsync();

    internal void AssertPassed(string scenario, string backend)
    {
        Assert.True(_errors.TryGetValue((scenario, backend), out var error), "The script did not run it.");
        Assert.Null(error);
    }
}

[Titled(8, "In Firefox")]
public sealed class InFirefox(Suite suite, FirefoxRun firefox) : Scenario(suite), IClassFixture<FirefoxRun>
{
    [Theory, EveryBackend]
    public void Who_signs_in_sees_the_page_and_holds_the_cookie(string backend) => firefox.AssertPassed(nameof(Who_signs_in_sees_the_page_and_holds_the_cookie), backend);

    [Theory, EveryBackend]
    public void A_form_on_another_port_changes_nothing(string backend) => firefox.AssertPassed(nameof(A_form_on_another_port_changes_nothing), backend);

    [Theory, EveryBackend]
    public void Five_tabs_at_once_refresh_once(string backend) => firefox.AssertPassed(nameof(Five_tabs_at_once_refresh_once), backend);

    [Theory, EveryBackend]
    public void Signing_out_everywhere_signs_out_every_tab_and_device(string backend) => firefox.AssertPassed(nameof(Signing_out_everywhere_signs_out_every_tab_and_device), backend);

    [Theory, EveryBackend]
    public void Nothing_private_is_behind_the_back_button(string backend) => firefox.AssertPassed(nameof(Nothing_private_is_behind_the_back_button), backend);

    [Theory, EveryBackend]
    public void No_script_can_read_a_secret(string backend) => firefox.AssertPassed(nameof(No_script_can_read_a_secret), backend);
}
