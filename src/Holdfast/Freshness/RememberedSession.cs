using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Claims;
using System.Text;
using Holdfast.Tokens;

namespace Holdfast.Freshness;

/// <summary>
/// A live session as a node remembers it: what each check needs as fields, the rest as few bytes as can be, so that a million fit. It knows
/// neither the device nor the secrets before the current one; whoever needs those asks the store.
/// </summary>
internal sealed class RememberedSession
{
    private const int HasSubject = 1;
    private const int IsRemembered = 2;
    private const int HasElevation = 4;
    private const int HasClient = 8;

    // What principals are made of: stands here once, and not in every session.
    private static readonly string[] KnownTypes =
    [
        ClaimTypes.NameIdentifier, ClaimTypes.Name, ClaimTypes.Email, ClaimTypes.Role, ClaimTypes.GivenName, ClaimTypes.Surname,
        ClaimTypes.AuthenticationMethod, "AspNet.Identity.SecurityStamp", "sub", "name", "email", "role", "given_name", "family_name",
        "preferred_username", "scope", "iss", "idp", "holdfast_name_type", "holdfast_role_type",
    ];

    private readonly byte[] _rest;
    private readonly long _idleLimit;
    private readonly long _askAt;
    private long _seenAt;
    private long _stamp;

    private RememberedSession(Session session, long idleLimit, long askAt, long stamp, byte[] rest)
    {
        (Tenant, Digest) = (session.Tenant, session.Cookie!.Current);
        (_seenAt, _idleLimit, _askAt, _stamp, _rest) = (Milliseconds(session.LastSeenAt), idleLimit, askAt, stamp, rest);
    }

    public string Tenant { get; }

    /// <summary>The digest of the cookie that is valid now.</summary>
    public Digest Digest { get; }

    /// <summary>The stamp under which it was read, or last held against the news.</summary>
    public long Stamp
    {
        get => Volatile.Read(ref _stamp);
        set => Volatile.Write(ref _stamp, value);
    }

    /// <summary>Who is signed in; null for a visitor.</summary>
    public string? Subject
    {
        get
        {
            if ((_rest[0] & HasSubject) == 0)
            {
                return null;
            }

            // One byte of flags and eight of time come first; then the length, seven bits a byte. Read by hand: every request asks for this.
            var (at, length, shift) = (9, 0, 0);
            do
            {
                length |= (_rest[at] & 0x7F) << shift;
                shift += 7;
            }
            while ((_rest[at++] & 0x80) != 0);
            return Encoding.UTF8.GetString(_rest, at, length);
        }
    }

    private long EnoughUntil => Math.Min(_askAt, Volatile.Read(ref _seenAt) + _idleLimit);

    /// <summary>About how much memory it takes.</summary>
    public int Size => 120 + _rest.Length;

    /// <summary>
    /// What may be remembered of a session whose current cookie was just accepted; null for one that is changing, which the store alone can judge.
    /// </summary>
    public static RememberedSession? Of(Session session, DateTimeOffset now, TimeSpan renewAfter, long stamp)
    {
        if (session is not { Cookie: { } cookie, Ending: null, Upgrade: null } || cookie is { Previous: not null, FirstUsedAt: null })
        {
            return null;
        }

        var elevation = session.Elevation is { } raised && now < raised.ExpiresAt ? raised : null;
        DateTimeOffset[] ends =
        [
            session.ExpiresAt, elevation?.ExpiresAt ?? DateTimeOffset.MaxValue, renewAfter > TimeSpan.Zero ? cookie.RenewedAt + renewAfter : DateTimeOffset.MaxValue,
        ];
        var idleLimit = (long)(session.IdleTimeout + SessionPolicy.TouchInterval).TotalMilliseconds;
        return new RememberedSession(session, idleLimit, Milliseconds(ends.Min()), stamp, Encode(session with { Elevation = elevation }));
    }

    /// <summary>Whether memory is enough at <paramref name="now"/>: no limit was met, and the cookie is not due for renewal.</summary>
    public bool IsEnough(DateTimeOffset now) => Milliseconds(now) < EnoughUntil;

    /// <summary>How long after <paramref name="now"/> it is enough, if nobody uses it meanwhile.</summary>
    public TimeSpan EnoughFor(DateTimeOffset now) => Time(EnoughUntil) - now;

    /// <summary>Whether a use at <paramref name="now"/> is worth telling the store. True for one caller only.</summary>
    public bool TakeTouch(DateTimeOffset now)
    {
        var (seen, at) = (Volatile.Read(ref _seenAt), Milliseconds(now));
        return at - seen >= (long)SessionPolicy.TouchInterval.TotalMilliseconds && Interlocked.CompareExchange(ref _seenAt, at, seen) == seen;
    }

    /// <summary>The session, as far as it is remembered: version 0, so that no write can build on it.</summary>
    public Session ToSession(SessionHandle handle)
    {
        using var reader = new BinaryReader(new MemoryStream(_rest, writable: false));
        var flags = reader.ReadByte();
        var created = reader.ReadInt64();
        var subject = (flags & HasSubject) != 0 ? reader.ReadString() : null;
        return new Session
        {
            Handle = handle,
            Tenant = Tenant,
            Subject = subject,
            Client = (flags & HasClient) != 0 ? reader.ReadString() : null,
            Version = 0,
            Remembered = (flags & IsRemembered) != 0,
            Transport = SessionTransport.Cookie,
            CreatedAt = Time(created),
            LastSeenAt = Time(Volatile.Read(ref _seenAt)),
            IdleTimeout = TimeSpan.FromMilliseconds(_idleLimit) - SessionPolicy.TouchInterval,
            ExpiresAt = Time(created + reader.Read7BitEncodedInt64()),
            Epoch = reader.Read7BitEncodedInt64(),
            CredentialVersion = reader.Read7BitEncodedInt(),
            Assurance = ReadAssurance(reader, created),
            Elevation = (flags & HasElevation) != 0 ? new Elevation(ReadAssurance(reader, created), Time(created + reader.Read7BitEncodedInt64())) : null,
            Claims = ReadClaims(reader, subject),
        };
    }

    private static byte[] Encode(Session session)
    {
        using var stream = new MemoryStream(96);
        using var writer = new BinaryWriter(stream);
        var created = Milliseconds(session.CreatedAt);
        writer.Write((byte)((session.Subject is null ? 0 : HasSubject) | (session.Remembered ? IsRemembered : 0) | (session.Elevation is null ? 0 : HasElevation)
            | (session.Client is null ? 0 : HasClient)));
        writer.Write(created);
        if (session.Subject is { } subject)
        {
            writer.Write(subject);
        }

        if (session.Client is { } client)
        {
            writer.Write(client);
        }

        writer.Write7BitEncodedInt64(Milliseconds(session.ExpiresAt) - created);
        writer.Write7BitEncodedInt64(session.Epoch);
        writer.Write7BitEncodedInt(session.CredentialVersion);
        Write(writer, session.Assurance, created);
        if (session.Elevation is { } elevation)
        {
            Write(writer, elevation.Assurance, created);
            writer.Write7BitEncodedInt64(Milliseconds(elevation.ExpiresAt) - created);
        }

        writer.Write7BitEncodedInt(session.Claims.Length);
        foreach (var claim in session.Claims)
        {
            Write(writer, claim, session.Subject);
        }

        return stream.ToArray();
    }

    // A known type is its number from 1; after 0 the type follows. The value follows unless it is the subject.
    private static void Write(BinaryWriter writer, SessionClaim claim, string? subject)
    {
        var known = Array.IndexOf(KnownTypes, claim.Type) + 1;
        writer.Write((byte)known);
        if (known == 0)
        {
            writer.Write(claim.Type);
        }

        writer.Write(claim.Value == subject);
        if (claim.Value != subject)
        {
            writer.Write(claim.Value);
        }
    }

    private static ImmutableArray<SessionClaim> ReadClaims(BinaryReader reader, string? subject)
    {
        var claims = new SessionClaim[reader.Read7BitEncodedInt()];
        for (var index = 0; index < claims.Length; index++)
        {
            var known = reader.ReadByte();
            var type = known == 0 ? reader.ReadString() : KnownTypes[known - 1];
            claims[index] = new SessionClaim(type, reader.ReadBoolean() ? subject! : reader.ReadString());
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(claims);
    }

    private static void Write(BinaryWriter writer, Assurance assurance, long created)
    {
        writer.Write7BitEncodedInt64(assurance.AuthTime is { } authTime ? Milliseconds(authTime) - created : long.MinValue);
        writer.Write(assurance.Acr is not null);
        if (assurance.Acr is { } acr)
        {
            writer.Write(acr);
        }

        writer.Write7BitEncodedInt(assurance.Amr.Length);
        foreach (var method in assurance.Amr)
        {
            writer.Write(method);
        }
    }

    private static Assurance ReadAssurance(BinaryReader reader, long created)
    {
        var authTime = reader.Read7BitEncodedInt64();
        var acr = reader.ReadBoolean() ? reader.ReadString() : null;
        var amr = new string[reader.Read7BitEncodedInt()];
        for (var index = 0; index < amr.Length; index++)
        {
            amr[index] = reader.ReadString();
        }

        return new Assurance(
            authTime == long.MinValue ? null : Time(created + authTime), acr, ImmutableCollectionsMarshal.AsImmutableArray(amr));
    }

    private static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
