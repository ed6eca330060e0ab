using System.CommandLine;
using Holdfast.Protocol;
using Holdfast.Server.Api;

namespace Holdfast.Server.Commands;

/// <summary><c>holdfast sessions</c> and <c>holdfast subjects</c>.</summary>
internal static class SessionsCommands
{
    private const int PageSize = 100;

    private static readonly Option<string> Tenant = new("--tenant") { Description = "the tenant", DefaultValueFactory = _ => SessionPolicy.DefaultTenant };
    private static readonly Argument<string> Sid = new("sid") { Description = "the session's handle" };

    public static Command Build() => new("sessions", "Look at sessions, and end them.") { List(), Show(), End() };

    public static Command BuildSubjects() => new("subjects", "Users, by the id that the application gave them.") { EndAll() };

    private static Command List()
    {
        var subject = new Option<string?>("--subject") { Description = "of this user only" };
        var limit = new Option<int>("--limit") { Description = "how many at most", DefaultValueFactory = _ => PageSize };
        var command = new Command("list", "List live sessions, newest first.") { Tenant, subject, limit, Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var (sessions, more) = await ReadAsync(engine, parsed.GetRequiredValue(Tenant), parsed.GetValue(subject), parsed.GetValue(limit), cancellationToken);
            var records = sessions.Select(session => ApiRecords.Of(session, engine.Now)).ToArray();
            if (parsed.GetValue(Settings.Json))
            {
                Report.Json(parsed, records);
                return CommandLine.Done;
            }

            Report.Table(parsed, ["SID", "SUBJECT", "TRANSPORT", "CLIENT", "DEVICE", "LAST SEEN", "ENDS"], records.Select(one => new[]
            {
                one.Sid, one.Subject, one.Transport, one.Client, one.Device?.Name, Report.Time(one.LastSeenAt),
                Report.Time(one.IdleExpiresAt < one.ExpiresAt ? one.IdleExpiresAt : one.ExpiresAt),
            }));
            if (more)
            {
                Report.Line(parsed, "There are more: --limit.");
            }

            return CommandLine.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var command = new Command("show", "Show one session.") { Sid, Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var (session, now) = await engine.Store.FindAsync(Handle(parsed.GetRequiredValue(Sid)), cancellationToken);
            var record = session is null ? throw NotThere(parsed.GetRequiredValue(Sid)) : ApiRecords.Of(session, now);
            var ended = session.Ending is { } ending ? $"{EndReasons.Name(ending.Reason)} at {Report.Time(ending.At)}" : null;
            if (parsed.GetValue(Settings.Json))
            {
                Report.Json(parsed, new { Session = record, Ended = ended });
                return CommandLine.Done;
            }

            Report.Table(parsed, ["", ""], Lines(record, ended).Where(line => line[1] is not null));
            return CommandLine.Done;
        });
        return command;
    }

    private static Command End()
    {
        var command = new Command("end", "End one session. It is refused from now on, everywhere.") { Sid };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var handle = Handle(parsed.GetRequiredValue(Sid));
            if (!await engine.Sessions.EndAsync(handle, EndReason.Revoked, Caller.Application, cancellationToken))
            {
                throw NotThere(handle.ToString());
            }

            Report.Line(parsed, $"Ended {handle}.");
            return CommandLine.Done;
        });
        return command;
    }

    private static Command EndAll()
    {
        var subject = new Argument<string>("subject") { Description = "the user's id" };
        var except = new Option<string?>("--except") { Description = "the handle of a session that goes on" };
        var command = new Command("end", "End all sessions of a user, by one write.") { subject, Tenant, except };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var (tenant, user) = (parsed.GetRequiredValue(Tenant), parsed.GetRequiredValue(subject));
            SessionHandle? spared = parsed.GetValue(except) is { } sid ? Handle(sid) : null;
            var sessions = await engine.Sessions.ListAsync(tenant, user, cancellationToken);
            if (spared is { } one && sessions.All(session => session.Handle != one))
            {
                throw new CommandFailedException($"--except {one} is not a live session of '{user}'. Nothing was ended.");
            }

            await engine.Sessions.EndAllAsync(tenant, user, spared, EndReason.Revoked, Caller.Application, cancellationToken);
            Report.Line(parsed, $"Ended {sessions.Length - (spared is null ? 0 : 1)} sessions of '{user}'.");
            return CommandLine.Done;
        });
        return command;
    }

    private static async Task<(IReadOnlyList<Session> Sessions, bool More)> ReadAsync(
        Engine engine, string tenant, string? subject, int limit, CancellationToken cancellationToken)
    {
        if (limit < 1)
        {
            throw new HoldfastConfigurationException($"--limit is {limit}: at least 1.");
        }

        var sessions = new List<Session>();
        string? cursor = null;
        do
        {
            var page = subject is null
                ? await engine.Store.BrowseAsync(tenant, cursor, PageSize, cancellationToken)
                : await engine.Store.ListAsync(tenant, subject, cursor, PageSize, cancellationToken);
            sessions.AddRange(page.Sessions.Where(session => SessionPolicy.Judge(session, page.Now) == SessionState.Live));
            cursor = page.NextCursor;
        }
        while (cursor is not null && sessions.Count < limit);
        return ([.. sessions.Take(limit)], cursor is not null || sessions.Count > limit);
    }

    private static IEnumerable<string?[]> Lines(SessionDetail one, string? ended) =>
    [
        ["sid", one.Sid], ["subject", one.Subject], ["tenant", one.Tenant], ["client", one.Client], ["transport", one.Transport], ["ended", ended],
        ["began", Report.Time(one.CreatedAt)], ["last seen", Report.Time(one.LastSeenAt)], ["idles out", Report.Time(one.IdleExpiresAt)], ["ends", Report.Time(one.ExpiresAt)],
        ["proven", one.AuthTime is { } at ? Report.Time(at) : null], ["acr", one.Acr], ["amr", one.Amr.Count == 0 ? null : string.Join(' ', one.Amr)],
        ["device", one.Device?.Name], ["address", one.Device?.Address],
        .. (one.Claims ?? new Dictionary<string, ClaimValues>()).Select(claim => new string?[] { $"claim {claim.Key}", string.Join(", ", claim.Value.Values) }),
    ];

    private static SessionHandle Handle(string sid) => SessionHandle.TryParse(sid, out var handle)
        ? handle : throw new HoldfastConfigurationException($"'{sid}' is no handle: 22 base64url characters, as 'holdfast sessions list' shows them.");

    private static CommandFailedException NotThere(string sid) => new($"There is no live session {sid}. 'holdfast sessions list' shows those that are.");
}
