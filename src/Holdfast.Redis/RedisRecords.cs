using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Holdfast.Devices;
using Holdfast.Limits;
using StackExchange.Redis;

namespace Holdfast.Redis;

/// <summary>Sessions as Redis keeps them. Claims and device stand apart from the rest, so that an ending can drop them by itself.</summary>
internal static class RedisRecords
{
    public static RedisValue[] ToCreate(NewSession request, SessionLimit limit)
    {
        var session = request.Session;
        var values = new List<RedisValue>
        {
            session.Handle.ToString(),
            session.Tenant,
            session.Subject ?? "",
            session.Version,
            session.Epoch,
            Milliseconds(session.LastSeenAt),
            session.Refresh?.ConfirmedGeneration ?? 0,
            Milliseconds(session.CreatedAt),
            Milliseconds(session.ExpiresAt),
            (long)(session.IdleTimeout + SessionPolicy.TouchInterval).TotalMilliseconds,
            Rotated(session),
            session.Upgrade is not null,
            Public(session),
            Private(session),
            session.CredentialVersion,
            limit.Max,
            (int)limit.WhenReached,
        };
        foreach (var (field, value) in request.Data)
        {
            values.Add(field);
            values.Add(value);
        }

        return [.. values];
    }

    public static RedisValue[] ToReplace(Session next, long expectedVersion) =>
    [
        next.Handle.ToString(),
        expectedVersion,
        next.Version,
        next.Epoch,
        Milliseconds(next.LastSeenAt),
        next.Refresh?.ConfirmedGeneration ?? 0,
        Rotated(next),
        next.Upgrade is not null,
        Public(next),
        Private(next),
        next.Ending is { } ending ? Milliseconds(ending.At) : "",
        next.Ending is { } ended ? (int)ended.Reason : "",
        next.CredentialVersion,
    ];

    /// <summary>The record of a script's reply: public part, private part, version, last seen, epoch, confirmed, ending.</summary>
    public static Session Read(RedisResult reply)
    {
        var fields = (RedisValue[])reply!;
        var moving = new MovingParts(Time((long)fields[3]), (long)fields[4], (int)fields[5]);
        var session = SessionCodec.Decode((byte[])fields[0]!, moving);
        if (fields[6].ToString().Split(',') is [var at, var reason])
        {
            var ended = new SessionEnding(
                Time(long.Parse(at, CultureInfo.InvariantCulture)), (EndReason)int.Parse(reason, CultureInfo.InvariantCulture));
            return session with { Ending = ended, Upgrade = null, Version = (long)fields[2] };
        }

        var apart = fields[1].IsNullOrEmpty ? null : JsonSerializer.Deserialize<PrivatePart>((byte[])fields[1]!);
        return session with { Claims = apart?.Claims ?? [], Device = apart?.Device };
    }

    public static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    public static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static long Rotated(Session session) => session.Refresh is { } lineage ? Milliseconds(lineage.RotatedAt) : 0;

    private static byte[] Public(Session session) => SessionCodec.Encode(session with { Claims = [], Device = null });

    private static byte[] Private(Session session) => session.Ending is null
        ? JsonSerializer.SerializeToUtf8Bytes(new PrivatePart(session.Claims, session.Device)) : [];

    private sealed record PrivatePart(ImmutableArray<SessionClaim> Claims, Device? Device);
}
