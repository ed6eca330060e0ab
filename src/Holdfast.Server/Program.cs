using Holdfast.Server.Commands;

namespace Holdfast.Server;

/// <summary>The program <c>holdfast</c>.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => CommandLine.RunAsync(args, Console.Out, Console.Error);
}
