using System.Text.RegularExpressions;

namespace Holdfast.Architecture.Tests;

/// <summary>The arrows between projects and folders, and the size of a file.</summary>
public sealed class ArchitectureTests
{
    public static TheoryData<string, string[]> Arrows => new()
    {
        { "Holdfast", [] },
        { "Holdfast.Protocol", [] },
        { "Holdfast.Sqlite", ["Holdfast"] },
        { "Holdfast.Redis", ["Holdfast"] },
        { "Holdfast.Testing", ["Holdfast"] },
        { "Holdfast.AspNetCore", ["Holdfast", "Holdfast.Protocol"] },
        { "Holdfast.MaxMind", ["Holdfast.AspNetCore"] },
        { "Holdfast.OpenIdConnect", ["Holdfast.AspNetCore"] },
        { "Holdfast.Server", ["Holdfast.AspNetCore", "Holdfast.Sqlite", "Holdfast.Redis"] },
    };

    [Theory]
    [MemberData(nameof(Arrows))]
    public void A_project_knows_only_what_its_arrows_allow(string project, string[] allowed)
    {
        var references = Regex.Matches(Repository.Read($"src/{project}/{project}.csproj"), "ProjectReference Include=\"\\.\\./([^/]+)/").Select(match => match.Groups[1].Value);
        Assert.Equal(allowed, references);
    }

    [Fact]
    public void Every_project_has_its_arrows()
    {
        var projects = Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(Path.GetFileName);
        Assert.Equal(projects.Order(), Arrows.Select(row => row.Data.Item1).Order());
    }

    [Theory]
    [InlineData("Refresh", "Limits|Devices|Data|Auditing")]
    [InlineData("Limits", "Refresh|Devices|Data|Auditing|Tokens")]
    [InlineData("Devices", "Refresh|Limits|Data|Auditing|Tokens")]
    [InlineData("Data", "Refresh|Limits|Devices|Auditing|Tokens")]
    [InlineData("Freshness", "Refresh|Limits|Devices|Data|Auditing")]
    [InlineData("Auditing", "Refresh|Limits|Devices|Data|Tokens")]
    public void A_capability_of_the_engine_is_handed_facts_and_sees_neither_manager_nor_store(string folder, string others)
    {
        foreach (var file in Repository.Sources($"src/Holdfast/{folder}"))
        {
            var text = File.ReadAllText(file);
            Assert.DoesNotMatch($"using Holdfast\\.({others});", text);
            Assert.DoesNotMatch("SessionManager|ISessionStore", text);
        }
    }

    [Fact]
    public void A_file_is_one_sitting()
    {
        var longFiles = new[] { "src", "samples", "tests" }.SelectMany(under => Repository.Sources(under)).Where(file => File.ReadLines(file).Count() > 400);
        Assert.Empty(longFiles);
    }

    [Fact]
    public void The_reasons_are_the_same_in_code_in_the_protocol_and_in_the_documentation()
    {
        var rows = Regex.Matches(Repository.Read("protocol/reasons.md"), "\\| `(\\w+)` \\| (\\d+) \\| (.+) \\|")
            .Select(match => new Protocol.ReasonEntry(match.Groups[1].Value, int.Parse(match.Groups[2].Value), match.Groups[3].Value));
        Assert.Equal(Protocol.Reasons.All, rows);
        var anchors = Regex.Matches(Repository.Read("docs/errors.md"), "^## (\\w+)$", RegexOptions.Multiline).Select(match => match.Groups[1].Value);
        Assert.Equal(Protocol.Reasons.All.Select(entry => entry.Reason), anchors);
    }

    [Fact]
    public void Every_file_and_page_that_the_documentation_links_to_exists()
    {
        foreach (var page in Repository.Sources("docs", "*.md").Append(Path.Combine(Repository.Root, "README.md")))
        {
            foreach (Match link in Regex.Matches(File.ReadAllText(page), "\\]\\((?!https?:|#)([^)#]+)(#[^)]*)?\\)"))
            {
                var target = Path.Combine(Path.GetDirectoryName(page)!, link.Groups[1].Value);
                Assert.True(Path.Exists(target), $"{Path.GetFileName(page)} links to {link.Groups[1].Value}, which is not there.");
            }
        }
    }

    [Fact]
    public void The_diffs_of_the_adoption_page_are_what_the_samples_contain()
    {
        var page = Repository.Read("docs/adopt.md");
        var steps = Regex.Matches(page, "\\(\\.\\./samples/Adopted/(\\w+App)\\.cs\\)(?:(?!## ).)*?```diff\n(.*?)```", RegexOptions.Singleline);
        Assert.Equal(6, steps.Count);
        foreach (Match step in steps)
        {
            var lines = Repository.Read($"samples/Adopted/{step.Groups[1].Value}.cs").Split('\n').Select(line => line.Trim()).ToHashSet();
            foreach (var line in step.Groups[2].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Assert.True(lines.Contains(line[1..].Trim()) == (line[0] != '-'), $"{step.Groups[1].Value}: {line}");
            }
        }
    }

    [Fact]
    public void Every_test_that_the_practices_name_exists()
    {
        var sources = string.Concat(Repository.Sources("tests").Concat(Repository.Sources("src/Holdfast.Testing")).Select(File.ReadAllText));
        foreach (Match name in Regex.Matches(Repository.Read("docs/practices.md"), "`(\\w+)\\.(\\w+_\\w+)`"))
        {
            Assert.Contains($" {name.Groups[2].Value}(", sources, StringComparison.Ordinal);
            Assert.Contains($"class {name.Groups[1].Value}", sources, StringComparison.Ordinal);
        }
    }
}
