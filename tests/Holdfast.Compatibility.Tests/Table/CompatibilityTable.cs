using System.Reflection;
using System.Text;
using Holdfast.Compatibility.Tests.Backends;
using Holdfast.Compatibility.Tests.Scenarios;

namespace Holdfast.Compatibility.Tests.Table;

/// <summary>Runs when all scenarios have run.</summary>
[CollectionDefinition(nameof(AfterAllOthers), DisableParallelization = true)]
public sealed class AfterAllOthers;

/// <summary>The table of docs/compatibility.md: every scenario, on every backend, as this run saw it.</summary>
[Collection(nameof(AfterAllOthers))]
public sealed class CompatibilityTable
{
    private const string Begin = "<!-- table: UPDATE=1 writes it -->\n";
    private const string End = "<!-- end of table -->";

    private static readonly string Page = Path.Combine(Backend.Repository, "docs", "compatibility.md");

    [Fact]
    public async Task Every_scenario_passes_on_every_backend_and_the_page_says_so()
    {
        var table = Render();
        await Console.Out.WriteLineAsync(table);
        var page = await File.ReadAllTextAsync(Page);
        var from = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var to = page.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("UPDATE") == "1")
        {
            page = page[..from] + table + page[to..];
            to = from + table.Length;
            await File.WriteAllTextAsync(Page, page);
        }

        Assert.DoesNotContain("|  |", table, StringComparison.Ordinal);
        Assert.DoesNotContain("| NO |", table, StringComparison.Ordinal);
        Assert.Equal(table, page[from..to]);
    }

    private static string Render()
    {
        var text = new StringBuilder();
        foreach (var group in ScenarioClasses())
        {
            text.Append($"| {Titles.Of(group).Title} | {string.Join(" | ", Backend.All.Select(backend => backend.Name))} |\n| --- |{string.Concat(Backend.All.Select(_ => " --- |"))}\n");
            foreach (var scenario in group.GetMethods().Where(method => method.GetCustomAttribute<EveryBackendAttribute>() is not null).OrderBy(method => method.MetadataToken))
            {
                text.Append($"| {scenario.Name.Replace('_', ' ')} | {string.Join(" | ", Backend.All.Select(backend => Results.Cell(scenario.Name, backend.Name)))} |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<Type> ScenarioClasses() =>
        typeof(Scenario).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Scenario))).OrderBy(type => Titles.Of(type).Place);
}
