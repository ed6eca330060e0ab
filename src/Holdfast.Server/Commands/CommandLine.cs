using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Options;

namespace Holdfast.Server.Commands;

/// <summary>The commands, how their failures read, and the code that each ends with.</summary>
internal static class CommandLine
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Misconfigured = 2;
    public const int Unavailable = 3;

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("""
            Session management for every backend.

            Settings come from appsettings.json, the environment (Holdfast__Store=redis) and the options below, the last one winning; all
            commands read the same. Exit codes: 0 done, 1 refused or not there, 2 wrong usage or settings, 3 the store does not answer.
            """);
        foreach (var option in Settings.All)
        {
            root.Options.Add(option);
        }

        root.Subcommands.Add(ServeCommand.Build());
        root.Subcommands.Add(AppsCommands.Build());
        root.Subcommands.Add(SessionsCommands.Build());
        root.Subcommands.Add(SessionsCommands.BuildSubjects());
        root.Subcommands.Add(KeysCommands.Build());

        var parsed = root.Parse(args);
        var configuration = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            var code = await parsed.InvokeAsync(configuration);
            return parsed.Errors.Count > 0 ? Misconfigured : code;
        }
        catch (CommandFailedException exception)
        {
            return Fail(error, exception.Message, Failed);
        }
        catch (Exception exception) when (exception is HoldfastConfigurationException or OptionsValidationException)
        {
            var message = exception is OptionsValidationException options ? string.Join('\n', options.Failures.Select(failure => failure.Replace("Holdfast: ", ""))) : exception.Message;
            return Fail(error, message, Misconfigured);
        }
        catch (StoreUnavailableException exception)
        {
            return Fail(error, exception.Message, Unavailable);
        }
        catch (IOException exception)
        {
            // A port that is taken, for one.
            return Fail(error, exception.Message, Failed);
        }
    }

    private static int Fail(TextWriter error, string message, int code)
    {
        error.WriteLine($"holdfast: {message.ReplaceLineEndings("\n          ")}");
        return code;
    }
}

/// <summary>A command that could not do what it was asked; the message says why, and what to do.</summary>
internal sealed class CommandFailedException : Exception
{
    public CommandFailedException(string message)
        : base(message)
    {
    }
}

/// <summary>Settings that options override, the same for every command.</summary>
internal static class Settings
{
    private static readonly Option<string?> Store = new("--store") { Description = "sqlite (the default), redis or memory", HelpName = "name", Recursive = true };
    private static readonly Option<string?> Connection = new("--connection-string")
    {
        Description = "SQLite's file (default: holdfast.db), or how to reach Redis; better in the environment if it holds a password",
        HelpName = "text",
        Recursive = true,
    };

    private static readonly Option<string?> Environment = new("--environment") { Description = "the deployment that the store belongs to (default: Production)", HelpName = "name", Recursive = true };
    private static readonly Option<string?> Issuer = new("--issuer") { Description = $"the server's public URL (default: {EngineSetup.DefaultAddress})", HelpName = "url", Recursive = true };

    public static IEnumerable<Option> All { get; } = [Store, Connection, Environment, Issuer];

    public static Option<bool> Json { get; } = new("--json") { Description = "write JSON for programs instead of a table" };

    public static IEnumerable<KeyValuePair<string, string?>> Of(ParseResult parsed)
    {
        (string Name, string? Value)[] given =
        [
            ("Store", parsed.GetValue(Store)), ("ConnectionString", parsed.GetValue(Connection)),
            ("Environment", parsed.GetValue(Environment)), ("Issuer", parsed.GetValue(Issuer)),
        ];
        return given.Where(setting => setting.Value is not null).Select(setting => KeyValuePair.Create($"{HoldfastOptions.SectionName}:{setting.Name}", setting.Value));
    }
}
