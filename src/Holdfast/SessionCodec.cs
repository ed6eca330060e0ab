using System.Collections.Immutable;
using Holdfast.Devices;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>
/// The bytes in which stores keep a record. Everything in them is fixed by a version of the record; what stores move by themselves
/// (last-seen, epoch, confirmed generation) stands beside the bytes, in <see cref="MovingParts"/>, and wins over them when read.
/// </summary>
/// <remarks>
/// <code>
/// byte     format, 3 (2 is read as well: it has no client; and 1: it has no elevation, stepped-up cookie, name or place of a device either)
/// 16       handle
/// string   tenant
/// string?  subject
/// int64    version
/// int32    credential version
/// byte     transport
/// bool     remembered
/// int64    created at            (milliseconds since 1970, as all times)
/// int64    idle timeout          (milliseconds)
/// int64    expires at
/// int64?   auth time; string? acr; list of string amr
/// bool + elevation  auth time, acr and amr as above; expires at
/// bool + cookie   current 32, previous 32?, renewal int32, key id byte, renewed at, first used at?, stepped up bool
/// bool + refresh  generation int32, current 32, previous 32?, key id byte, rotated at
/// bool + device   user agent string?, address string?, name string?, place string?
/// bool + upgrade  successor 16, at
/// bool + ending   at, reason byte
/// list of claims  type string, value string
/// string?  client
/// </code>
/// A string is a 7-bit encoded length and UTF-8; a question mark is a leading bool. Bytes left over are refused.
/// </remarks>
public static class SessionCodec
{
    private const byte Format = 3;

    /// <summary>The bytes of a record.</summary>
    public static byte[] Encode(Session session)
    {
        using var stream = new MemoryStream(256);
        using var writer = new BinaryWriter(stream);
        writer.Write(Format);
        Write(writer, session.Handle);
        writer.Write(session.Tenant);
        WriteOptional(writer, session.Subject);
        writer.Write(session.Version);
        writer.Write(session.CredentialVersion);
        writer.Write((byte)session.Transport);
        writer.Write(session.Remembered);
        Write(writer, session.CreatedAt);
        writer.Write((long)session.IdleTimeout.TotalMilliseconds);
        Write(writer, session.ExpiresAt);
        Write(writer, session.Assurance);
        WriteOptional(writer, session.Elevation, elevation =>
        {
            Write(writer, elevation.Assurance);
            Write(writer, elevation.ExpiresAt);
        });

        WriteOptional(writer, session.Cookie, cookie =>
        {
            writer.Write(cookie.Current.ToBytes());
            WriteOptional(writer, cookie.Previous);
            writer.Write(cookie.Renewal);
            writer.Write(cookie.KeyId);
            Write(writer, cookie.RenewedAt);
            WriteOptional(writer, cookie.FirstUsedAt);
            writer.Write(cookie.SteppedUp);
        });
        WriteOptional(writer, session.Refresh, refresh =>
        {
            writer.Write(refresh.Generation);
            writer.Write(refresh.Current.ToBytes());
            WriteOptional(writer, refresh.Previous);
            writer.Write(refresh.KeyId);
            Write(writer, refresh.RotatedAt);
        });
        WriteOptional(writer, session.Device, device =>
        {
            WriteOptional(writer, device.UserAgent);
            WriteOptional(writer, device.Address);
            WriteOptional(writer, device.Name);
            WriteOptional(writer, device.Place);
        });
        WriteOptional(writer, session.Upgrade, upgrade =>
        {
            Write(writer, upgrade.Successor);
            Write(writer, upgrade.At);
        });
        WriteOptional(writer, session.Ending, ending =>
        {
            Write(writer, ending.At);
            writer.Write((byte)ending.Reason);
        });
        writer.Write7BitEncodedInt(session.Claims.Length);
        foreach (var claim in session.Claims)
        {
            writer.Write(claim.Type);
            writer.Write(claim.Value);
        }

        WriteOptional(writer, session.Client);
        return stream.ToArray();
    }

    /// <summary>The record that <paramref name="bytes"/> and <paramref name="moving"/> describe.</summary>
    /// <exception cref="InvalidDataException">The bytes are of another format, cut, or followed by others.</exception>
    public static Session Decode(ReadOnlySpan<byte> bytes, MovingParts moving)
    {
        using var stream = new MemoryStream(bytes.ToArray(), writable: false);
        using var reader = new BinaryReader(stream);
        try
        {
            var format = reader.ReadByte();
            if (format is 0 or > Format)
            {
                throw new InvalidDataException($"A stored session has format {format}; this version reads up to {Format}.");
            }

            var session = Read(reader, format, moving);
            return stream.Position == stream.Length
                ? session
                : throw new InvalidDataException("A stored session is followed by bytes that do not belong to it.");
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException("A stored session is cut short.", exception);
        }
    }

    private static Session Read(BinaryReader reader, byte format, MovingParts moving) => new()
    {
        Handle = ReadHandle(reader),
        Tenant = reader.ReadString(),
        Subject = ReadOptional(reader, reader.ReadString),
        Version = reader.ReadInt64(),
        Epoch = moving.Epoch,
        CredentialVersion = reader.ReadInt32(),
        Transport = (SessionTransport)reader.ReadByte(),
        Remembered = reader.ReadBoolean(),
        CreatedAt = ReadTime(reader),
        LastSeenAt = moving.LastSeenAt,
        IdleTimeout = TimeSpan.FromMilliseconds(reader.ReadInt64()),
        ExpiresAt = ReadTime(reader),
        Assurance = ReadAssurance(reader),
        Elevation = format < 2 ? null : ReadOptional(reader, () => new Elevation(ReadAssurance(reader), ReadTime(reader))),
        Cookie = ReadOptional(reader, () => new CookieLineage(
            ReadDigest(reader), ReadOptionalDigest(reader), reader.ReadInt32(), reader.ReadByte(), ReadTime(reader), ReadOptionalTime(reader))
        {
            SteppedUp = format >= 2 && reader.ReadBoolean(),
        }),
        Refresh = ReadOptional(reader, () => new RefreshLineage(
            reader.ReadInt32(), ReadDigest(reader), ReadOptionalDigest(reader), reader.ReadByte(), ReadTime(reader), moving.ConfirmedGeneration)),
        Device = ReadOptional(reader, () => new Device(ReadOptional(reader, reader.ReadString), ReadOptional(reader, reader.ReadString))
        {
            Name = format < 2 ? null : ReadOptional(reader, reader.ReadString),
            Place = format < 2 ? null : ReadOptional(reader, reader.ReadString),
        }),
        Upgrade = ReadOptional(reader, () => new Upgrade(ReadHandle(reader), ReadTime(reader))),
        Ending = ReadOptional(reader, () => new SessionEnding(ReadTime(reader), (EndReason)reader.ReadByte())),
        Claims = ReadList(reader, () => new SessionClaim(reader.ReadString(), reader.ReadString())),
        Client = format < 3 ? null : ReadOptional(reader, reader.ReadString),
    };

    private static void Write(BinaryWriter writer, SessionHandle handle)
    {
        Span<byte> bytes = stackalloc byte[SessionHandle.Size];
        handle.WriteTo(bytes);
        writer.Write(bytes);
    }

    private static void Write(BinaryWriter writer, DateTimeOffset time) => writer.Write(time.ToUnixTimeMilliseconds());

    private static void Write(BinaryWriter writer, Assurance assurance)
    {
        WriteOptional(writer, assurance.AuthTime);
        WriteOptional(writer, assurance.Acr);
        writer.Write7BitEncodedInt(assurance.Amr.Length);
        foreach (var method in assurance.Amr)
        {
            writer.Write(method);
        }
    }

    private static void WriteOptional<T>(BinaryWriter writer, T? value, Action<T> write)
        where T : class
    {
        writer.Write(value is not null);
        if (value is not null)
        {
            write(value);
        }
    }

    private static void WriteOptional(BinaryWriter writer, string? value) => WriteOptional(writer, value, writer.Write);

    private static void WriteOptional(BinaryWriter writer, DateTimeOffset? value)
    {
        writer.Write(value.HasValue);
        if (value is { } time)
        {
            Write(writer, time);
        }
    }

    private static void WriteOptional(BinaryWriter writer, Digest? value)
    {
        writer.Write(value.HasValue);
        if (value is { } digest)
        {
            writer.Write(digest.ToBytes());
        }
    }

    private static byte[] ReadExactly(BinaryReader reader, int count)
    {
        var bytes = reader.ReadBytes(count);
        return bytes.Length == count ? bytes : throw new EndOfStreamException();
    }

    private static Assurance ReadAssurance(BinaryReader reader) =>
        new(ReadOptionalTime(reader), ReadOptional(reader, reader.ReadString), ReadList(reader, reader.ReadString));

    private static SessionHandle ReadHandle(BinaryReader reader) => SessionHandle.FromBytes(ReadExactly(reader, SessionHandle.Size));

    private static Digest ReadDigest(BinaryReader reader) => Digest.FromBytes(ReadExactly(reader, Digest.Size));

    private static DateTimeOffset ReadTime(BinaryReader reader) => DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());

    private static DateTimeOffset? ReadOptionalTime(BinaryReader reader) => reader.ReadBoolean() ? ReadTime(reader) : null;

    private static Digest? ReadOptionalDigest(BinaryReader reader) => reader.ReadBoolean() ? ReadDigest(reader) : null;

    private static T? ReadOptional<T>(BinaryReader reader, Func<T> read)
        where T : class => reader.ReadBoolean() ? read() : null;

    private static ImmutableArray<T> ReadList<T>(BinaryReader reader, Func<T> read)
    {
        var count = reader.Read7BitEncodedInt();
        var list = ImmutableArray.CreateBuilder<T>();
        for (var index = 0; index < count; index++)
        {
            list.Add(read());
        }

        return list.ToImmutable();
    }
}

/// <summary>What a store moves without writing a new version. Each only grows.</summary>
/// <param name="LastSeenAt">The last request made for the user.</param>
/// <param name="Epoch">The epoch that the session carries.</param>
/// <param name="ConfirmedGeneration">The greatest refresh generation seen in use; 0 without refresh tokens.</param>
public readonly record struct MovingParts(DateTimeOffset LastSeenAt, long Epoch, int ConfirmedGeneration);
