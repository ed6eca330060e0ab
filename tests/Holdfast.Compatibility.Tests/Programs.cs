using System.Diagnostics;

namespace Holdfast.Compatibility.Tests;

/// <summary>Programs that run to their end.</summary>
internal static class Programs
{
    /// <summary>Runs one, and answers what it wrote. It must succeed.</summary>
    public static async Task<string> RunAsync(string directory, string program, params IReadOnlyList<string> arguments) =>
        await RunAsync(new ProcessStartInfo(program.Contains('/', StringComparison.Ordinal) ? Path.Combine(directory, program) : program, arguments) { WorkingDirectory = directory });

    public static async Task<string> RunAsync(ProcessStartInfo start, string input = "")
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{start.FileName} {string.Join(' ', start.ArgumentList)} failed: {output}{await errors}");
        return output;
    }
}
