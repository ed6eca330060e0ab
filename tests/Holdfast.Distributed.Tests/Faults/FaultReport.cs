using System.Globalization;
using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Load;

namespace Holdfast.Distributed.Tests.Faults;

/// <summary>The table of faults: a row is printed as it is earned, and <c>./test soak</c> keeps all of them in <c>docs/faults.md</c>.</summary>
internal static class FaultReport
{
    /// <summary>The line of the page after which results stand.</summary>
    public const string Mark = "<!-- From here on ./test soak writes. -->";

    private static readonly Lock Turn = new();
    private static readonly List<string> Rows = [];
    private static readonly List<string> Latencies = [];

    public static void Add(Deployment deployment, string fault, Verdict verdict)
    {
        lock (Turn)
        {
            if (Rows.Count == 0)
            {
                Console.WriteLine("   | store | fault | operations | endings | checks | 503 | no answer | token expired | lost | worst lateness, ms | violations |");
            }

            string[] cells =
            [
                Name(deployment), fault, $"{verdict.Operations}", $"{verdict.Endings}", $"{verdict.Checks}", $"{verdict.Unavailable}", $"{verdict.Unanswered}",
                $"{verdict.TokensExpired}", $"{verdict.Lost}", verdict.WorstLateness.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture),
                $"{verdict.Violations.Count}",
            ];
            Rows.Add($"| {string.Join(" | ", cells)} |");
            Console.WriteLine($"   {Rows[^1]}");
        }
    }

    public static void Add(Deployment deployment, RevocationLatency latency, string? node = null)
    {
        lock (Turn)
        {
            Latencies.Add($"{Name(deployment)}{(node is null ? "" : $", {node}")}: {latency}");
            Console.WriteLine($"   revocation latency across nodes, undisturbed, {Latencies[^1]}");
        }
    }

    /// <summary>Writes everything that was reported in this run into <paramref name="page"/>.</summary>
    public static void Write(string page)
    {
        lock (Turn)
        {
            var text = File.ReadAllText(page);
            var head = text[..(text.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)];
            File.WriteAllText(page, $"""
                {head}

                | store | fault | operations | endings | checks | 503 | no answer | token expired | lost | worst lateness, ms | violations |
                | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                {string.Join('\n', Rows)}

                Revocation latency across nodes, undisturbed:

                {string.Join('\n', Latencies.Select(line => $"- {line}"))}

                """);
        }
    }

    private static string Name(Deployment deployment) => deployment.GetType().Name.Replace(nameof(Deployment), "", StringComparison.Ordinal);
}
