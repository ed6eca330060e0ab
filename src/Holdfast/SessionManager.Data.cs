using Holdfast.Data;

namespace Holdfast;

public sealed partial class SessionManager
{
    /// <summary>A session's data; null if there is no such live session.</summary>
    public async ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken) =>
        await store.ReadDataAsync(handle, cancellationToken) is { } data
            ? new SessionData(data.Fields.RemoveRange(data.Fields.Keys.Where(IsReserved))) : null;

    /// <summary>Writes and removes fields, all of them or none; other fields stay as they are.</summary>
    /// <exception cref="ArgumentException">A field's name is empty, reserved or longer than 128 characters, or stands twice.</exception>
    public async ValueTask<DataWriteStatus> WriteDataAsync(
        SessionHandle handle, IReadOnlyCollection<DataChange> changes, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            CheckField(change.Field, names);
        }

        while (true)
        {
            var status = await store.WriteDataAsync(handle, changes, options.MaxDataBytes, cancellationToken);
            if (status != DataWriteStatus.Frozen)
            {
                return status;
            }

            var (session, now) = await store.FindAsync(handle, cancellationToken);
            if (session?.Upgrade is not { } upgrade || now - upgrade.At < UpgradePatience)
            {
                return session?.Upgrade is null ? DataWriteStatus.NotLive : DataWriteStatus.Frozen;
            }

            // Whoever was carrying this session over is gone; had they not, their last step would now fail and undo the rest.
            await EndAsync(upgrade.Successor, EndReason.Superseded, Caller.Application, cancellationToken);
            await ThawAsync(session, cancellationToken);
        }
    }

    /// <summary>One of Holdfast's own fields, for adapters that keep something with a session; null if it is not there or nothing lives.</summary>
    /// <param name="handle">The session.</param>
    /// <param name="name">The field without its <see cref="DataChange.ReservedPrefix"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadReservedAsync(SessionHandle handle, string name, CancellationToken cancellationToken) =>
        await store.ReadDataAsync(handle, cancellationToken) is { } data && data.Fields.TryGetValue(DataChange.ReservedPrefix + name, out var field)
            ? field.Value : null;

    /// <summary>Writes one of Holdfast's own fields, only if the session lives: an adapter must never bring one back.</summary>
    public ValueTask<DataWriteStatus> WriteReservedAsync(
        SessionHandle handle, string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        store.WriteDataAsync(handle, [new DataChange(DataChange.ReservedPrefix + name, value)], options.MaxDataBytes, cancellationToken);

    private static void CheckField(string field, HashSet<string> names)
    {
        if (field.Length is 0 or > DataChange.MaxFieldLength || IsReserved(field) || !names.Add(field))
        {
            throw new ArgumentException(
                $"A field name has 1 to {DataChange.MaxFieldLength} characters, does not begin with '{DataChange.ReservedPrefix}' and stands once in a write; '{field}' breaks that.",
                nameof(field));
        }
    }

    private static bool IsReserved(string field) => field.StartsWith(DataChange.ReservedPrefix, StringComparison.Ordinal);
}
