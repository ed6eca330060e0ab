using System.CommandLine;
using Holdfast.Tokens;

namespace Holdfast.Server.Commands;

/// <summary><c>holdfast keys</c>: what signs access tokens.</summary>
internal static class KeysCommands
{
    public static Command Build() => new("keys", "The keys that sign access tokens. They rotate by themselves.") { List(), Rotate() };

    private static Command List()
    {
        var command = new Command("list", "List the keys that verifiers are told of.") { Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var keys = await engine.Service<KeyRing>().ListAsync(cancellationToken);
            if (parsed.GetValue(Settings.Json))
            {
                Report.Json(parsed, keys.Select(key => new { Kid = key.Id, Alg = key.Algorithm, key.CreatedAt, key.ActiveFrom, State = State(key, engine.Now) }));
                return CommandLine.Done;
            }

            Report.Table(parsed, ["KID", "ALG", "ANNOUNCED", "SIGNS FROM", "STATE"], keys.Select(key =>
                new[] { key.Id, key.Algorithm, Report.Time(key.CreatedAt), Report.Time(key.ActiveFrom), State(key, engine.Now) }));
            return CommandLine.Done;
        });
        return command;
    }

    private static Command Rotate()
    {
        var command = new Command("rotate", "Announce a new key now. It signs once every verifier can know it; the old one is accepted until its last token is dead.") { Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var ring = engine.Service<KeyRing>();
            await ring.RotateAsync(cancellationToken);
            var newest = (await ring.ListAsync(cancellationToken))[0];
            if (parsed.GetValue(Settings.Json))
            {
                Report.Json(parsed, new { Kid = newest.Id, Alg = newest.Algorithm, newest.ActiveFrom });
                return CommandLine.Done;
            }

            Report.Line(parsed, $"{newest.Id} ({newest.Algorithm}) is announced, and signs from {Report.Time(newest.ActiveFrom)}.");
            return CommandLine.Done;
        });
        return command;
    }

    private static string State(SigningKeyInfo key, DateTimeOffset now) => key.Signs ? "signs" : key.ActiveFrom > now ? "announced" : "accepted";
}
