using System.Diagnostics;
using System.Text.RegularExpressions;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Tests;

/// <summary>The curl lines of the README, as they stand there.</summary>
public sealed class ReadmeTourTests
{
    private static readonly string Readme = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../README.md"));

    [Fact]
    public async Task The_tour_runs_and_answers_what_its_comments_say()
    {
        var tour = Regex.Match(await File.ReadAllTextAsync(Readme), "```sh\n(HOLDFAST=.*?)```", RegexOptions.Singleline).Groups[1].Value;
        using var directory = new TemporaryDirectory();
        await using var server = await ServerProcess.StartAsync(directory.Path, (FirstApplication.Variable, RunningServer.FirstKey.Reveal()));
        Directory.CreateDirectory(Path.Combine(directory.Path, ".playground/5080"));
        await File.WriteAllTextAsync(Path.Combine(directory.Path, ".playground/5080/api-key"), RunningServer.FirstKey.Reveal());

        var output = await RunAsync(directory.Path, tour.Replace("http://localhost:5090", server.Issuer, StringComparison.Ordinal));
        var answers = Regex.Matches(tour, "# (\\{.+)$", RegexOptions.Multiline).Select(comment => comment.Groups[1].Value.Replace(", ...", "", StringComparison.Ordinal));
        Assert.Equal(3, answers.Count());
        Assert.All(answers, answer => Assert.Contains(answer, output, StringComparison.Ordinal));
    }

    private static async Task<string> RunAsync(string directory, string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script]) { WorkingDirectory = directory, RedirectStandardOutput = true })!;
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.True(bash.ExitCode == 0, output);
        return output;
    }
}
