using System.CommandLine;

namespace Holdfast.Server.Commands;

/// <summary><c>holdfast serve</c>.</summary>
internal static class ServeCommand
{
    public static Command Build()
    {
        var urls = new Option<string?>("--urls") { Description = $"where to listen, separated by semicolons (default: {EngineSetup.DefaultAddress})", HelpName = "urls" };
        var command = new Command("serve", "Run the server until Ctrl+C or SIGTERM. Requests under way are answered, and what was seen is written, before it ends.") { urls };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = Settings.Of(parsed);
            await using var app = HoldfastServer.Build(parsed.GetValue(urls) is { } given ? settings.Append(KeyValuePair.Create("urls", (string?)given)) : settings);
            await StartAsync(app, cancellationToken);
            await app.WaitForShutdownAsync(cancellationToken);
            return CommandLine.Done;
        });
        return command;
    }

    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException)
        {
            // What Kestrel says of addresses and certificates that it cannot use.
            throw new HoldfastConfigurationException(exception.Message);
        }
    }
}
