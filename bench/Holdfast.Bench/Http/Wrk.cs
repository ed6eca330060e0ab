using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Bench.Http;

/// <summary>What one round of load saw.</summary>
/// <param name="PerSecond">Requests a second.</param>
/// <param name="Half">The median latency in microseconds.</param>
/// <param name="Most">The 99th percentile.</param>
internal sealed record Load(double PerSecond, double Half, double Most);

/// <summary>The load generator: 16 connections, one thread, on the second processor.</summary>
internal static partial class Wrk
{
    public static async Task<Load> RunAsync(Uri url, string credentials, int seconds)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "taskset",
            [
                "-c", "1", "wrk", "-t1", "-c16", $"-d{seconds}s", "--latency", "-s",
                Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../credentials.lua")), url.ToString(), "--", credentials,
            ])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        // A refusal is fast, and no result.
        if (process.ExitCode != 0 || output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{url} refuses its clients:\n{output}");
        }

        var numbers = Result().Match(output);
        return new Load(Number(numbers, 1), Number(numbers, 2), Number(numbers, 3));
    }

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("^result ([0-9.]+) ([0-9.]+) ([0-9.]+)$", RegexOptions.Multiline)]
    private static partial Regex Result();
}
