using System.Globalization;

namespace Holdfast.Bench;

/// <summary>Markdown tables of medians.</summary>
internal static class Table
{
    public static double Median(IEnumerable<double> values) => Percentile(values, 0.5);

    public static double Percentile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }

    public static string Whole(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Fine(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    public static void Print(string[] head, IEnumerable<string[]> rows)
    {
        Console.WriteLine();
        Line(head);
        Line([.. head.Select((_, column) => column == 0 ? "---" : "---:")]);
        foreach (var row in rows)
        {
            Line(row);
        }

        static void Line(string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
    }
}
