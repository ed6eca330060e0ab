using System.Reflection;
using System.Text;

namespace Holdfast.Architecture.Tests;

/// <summary>The table of requirement rows and the tests that prove them, generated from the tests themselves.</summary>
public sealed class CoverageTests
{
    private const string Table = "docs/requirements-coverage.md";

    // The rows of the catalogue that a library and its server must keep: topics 1 to 7 and 10 to 13.
    private static readonly string[] Must =
    [
        "SID-01", "SID-02", "SID-03", "SID-04", "SID-05", "SID-06", "SID-07", "SID-08", "SID-11", "SID-12",
        "JWT-01", "JWT-02", "JWT-03", "JWT-04", "JWT-05", "JWT-06", "JWT-07", "JWT-08", "JWT-09", "JWT-10", "JWT-12", "JWT-14",
        "RT-01", "RT-02", "RT-06", "RT-08", "RT-09", "RT-10", "RT-11", "RT-12",
        "TO-01", "TO-02", "TO-03", "TO-04", "TO-07",
        "LO-01", "LO-02", "LO-04", "LO-05", "LO-06", "LO-07",
        "CS-01", "CS-02", "CS-03",
        "CSRF-01", "CSRF-02", "CSRF-04", "CSRF-05", "CSRF-06", "CSRF-07", "CSRF-08", "CSRF-09", "CSRF-10",
        "CR-01", "CR-03", "CR-04", "CR-05", "CR-06", "CR-08",
        "AU-01", "AU-02", "AU-03", "AU-04", "AU-06",
        "HP-02", "HP-03", "HP-04", "HP-05", "HP-06", "HP-07", "HP-08", "HP-09", "HP-10", "HP-11", "HP-12", "HP-13",
        "ER-01", "ER-02", "ER-03", "ER-05",
    ];

    [Fact]
    public void Every_row_that_a_library_must_keep_is_proved_by_a_test() => Assert.Empty(Must.Except(Proved().Keys));

    [Fact]
    public void The_table_is_what_the_tests_say()
    {
        var text = new StringBuilder("""
            # Requirements and the tests that prove them

            Generated from the tests (`UPDATE=1 ./test Architecture` writes it) and checked by one. Rows that are not here have no test yet.

            | row | tests |
            | --- | --- |

            """);
        foreach (var (row, tests) in Proved())
        {
            text.AppendLine($"| {row} | {string.Join("<br>", tests.Order(StringComparer.Ordinal).Select(test => $"`{test}`"))} |");
        }

        var path = Path.Combine(Repository.Root, Table);
        if (Environment.GetEnvironmentVariable("UPDATE") == "1")
        {
            File.WriteAllText(path, text.ToString());
        }

        Assert.Equal(text.ToString(), File.ReadAllText(path));
    }

    private static SortedDictionary<string, SortedSet<string>> Proved()
    {
        Assembly[] suites =
        [
            typeof(Holdfast.Tests.SessionHandleTests).Assembly, typeof(Stores.Tests.MemorySessionStoreTests).Assembly,
            typeof(AspNetCore.Tests.SessionCookieTests).Assembly, typeof(Server.Tests.Api.SessionsApiTests).Assembly,
            typeof(Browser.Tests.PlaygroundTests).Assembly, typeof(SessionStoreContract).Assembly, typeof(Distributed.Tests.RedisFaultTests).Assembly,
        ];
        var rows = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var method in suites.SelectMany(suite => suite.GetTypes()).SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)))
        {
            foreach (var row in method.GetCustomAttribute<RequirementAttribute>()?.Rows ?? [])
            {
                if (!rows.TryGetValue(row, out var tests))
                {
                    rows.Add(row, tests = new SortedSet<string>(StringComparer.Ordinal));
                }

                tests.Add($"{method.DeclaringType!.Name}.{method.Name}");
            }
        }

        return rows;
    }
}
