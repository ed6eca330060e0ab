using System.Collections.Immutable;
using CsCheck;
using Holdfast.Devices;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast.Tests;

/// <summary>Records as bytes: what goes in comes out, and nothing else is read.</summary>
public sealed class SessionCodecTests
{
    private static readonly Gen<DateTimeOffset> Time = Gen.Long[0, 4102444800000].Select(DateTimeOffset.FromUnixTimeMilliseconds);
    private static readonly Gen<string> Text = Gen.String[0, 40];
    private static readonly Gen<Digest> Digests = Gen.Byte.Array[32].Select(bytes => Digest.FromBytes(bytes));
    private static readonly Gen<SessionHandle> Handles = Gen.Byte.Array[16].Select(bytes => SessionHandle.FromBytes(bytes));

    private static readonly Gen<Session> Sessions =
        from names in Gen.Select(Handles, Text, Text.Null(), Gen.Long[1, long.MaxValue])
        from times in Gen.Select(Time, Time, Time, Gen.Int[1, int.MaxValue])
        from cookie in Gen.Select(Digests, Gen.Int, Gen.Byte, Time, (digest, renewal, key, at) => new CookieLineage(digest, null, renewal, key, at, at) { SteppedUp = renewal % 2 == 0 }).Null()
        from refresh in Gen.Select(Digests, Digests, Gen.Int[1, int.MaxValue], Gen.Byte, Time, (one, two, generation, key, at) => new RefreshLineage(generation, one, two, key, at, 3)).Null()
        from more in Gen.Select(Text.Array[0, 3], Gen.Select(Text, Text, (type, value) => new SessionClaim(type, value)).Array[0, 5], Gen.Bool, Gen.Int[0, 8])
        select new Session
        {
            Handle = names.Item1,
            Tenant = names.Item2,
            Subject = names.Item3,
            Client = more.Item3 ? names.Item2 : null,
            Version = names.Item4,
            Epoch = 5,
            Transport = (SessionTransport)(more.Item4 % 3),
            Remembered = more.Item3,
            CreatedAt = times.Item1,
            LastSeenAt = times.Item2,
            IdleTimeout = TimeSpan.FromMilliseconds(times.Item4),
            ExpiresAt = times.Item3,
            Assurance = new Assurance(times.Item1, names.Item3, [.. more.Item1]),
            Elevation = more.Item3 ? new Elevation(new Assurance(times.Item2, names.Item2, [.. more.Item1]), times.Item3) : null,
            Cookie = cookie,
            Refresh = refresh,
            Claims = [.. more.Item2],
            Device = more.Item3 ? new Device(names.Item2, null) { Name = names.Item3, Place = names.Item2 } : null,
            Upgrade = more.Item3 ? new Upgrade(names.Item1, times.Item2) : null,
            Ending = more.Item3 ? null : new SessionEnding(times.Item3, (EndReason)more.Item4),
        };

    [Fact]
    public void A_record_survives_its_bytes() => Sessions.Sample(session =>
    {
        var read = SessionCodec.Decode(SessionCodec.Encode(session), MovingOf(session));
        Assert.Equal(session with { Claims = [] }, read with { Claims = [] });
        Assert.Equal(session.Claims.AsEnumerable(), read.Claims);
    });

    [Fact]
    public void Bytes_that_are_cut_or_followed_by_others_are_refused() => Gen.Select(Sessions, Gen.Double[0, 1]).Sample((session, where) =>
    {
        var bytes = SessionCodec.Encode(session);
        Assert.ThrowsAny<InvalidDataException>(() => SessionCodec.Decode(bytes.AsSpan(0, (int)(where * (bytes.Length - 1))), MovingOf(session)));
        Assert.Throws<InvalidDataException>(() => SessionCodec.Decode([.. bytes, 0], MovingOf(session)));
        bytes[0] = 9;
        Assert.Throws<InvalidDataException>(() => SessionCodec.Decode(bytes, MovingOf(session)));
    });

    [Fact]
    public void A_record_of_the_first_format_is_read()
    {
        var stored = "010102030405060708090A0B0C0D0E0F100764656661756C7401036164610300000000000000010000000000803EA0A89C01000040771B0000000000"
            + "806C33AB9C01000001803EA0A89C010000010461616C31010370776401" + string.Concat(Enumerable.Repeat("01", 32)) + "01" + string.Concat(Enumerable.Repeat("02", 32))
            + "01000000070852A0A89C01000001F055A0A89C01000000010108546573742F312E3001093139322E302E322E37000001046E616D650C416461204C6F76656C616365";
        var at = DateTimeOffset.FromUnixTimeMilliseconds(1772355600000);
        var session = SessionCodec.Decode(Convert.FromHexString(stored), new MovingParts(at, 5, 0));
        Assert.Equal(("ada", 3L, "aal1", null), (session.Subject, session.Version, session.Assurance.Acr, session.Elevation));
        Assert.Equal((1, false, at.AddSeconds(6)), (session.Cookie!.Renewal, session.Cookie.SteppedUp, session.Cookie.FirstUsedAt!.Value));
        Assert.Equal(new Device("Test/1.0", "192.0.2.7"), session.Device);
        Assert.Equal(new SessionClaim("name", "Ada Lovelace"), Assert.Single(session.Claims));
    }

    private static MovingParts MovingOf(Session session) => new(session.LastSeenAt, session.Epoch, session.Refresh?.ConfirmedGeneration ?? 0);
}
