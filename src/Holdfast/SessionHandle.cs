using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Holdfast;

/// <summary>
/// The public name of a session (<c>sid</c>): 128 bits, written as 22 base64url characters. It stands in lists, logs, tokens and
/// URLs, and is never a credential: knowing it proves nothing. The first byte is the store partition, the other 120 bits are random.
/// </summary>
public readonly record struct SessionHandle
{
    /// <summary>How many bytes a handle has.</summary>
    public const int Size = 16;

    /// <summary>How many characters its text has.</summary>
    public const int TextLength = 22;

    private readonly UInt128 _value;

    private SessionHandle(UInt128 value) => _value = value;

    /// <summary>The store partition that holds this session.</summary>
    public byte Partition => (byte)(_value >> 120);

    /// <summary>A fresh handle in <paramref name="partition"/>, from the platform's random generator.</summary>
    public static SessionHandle New(byte partition)
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        bytes[0] = partition;
        return FromBytes(bytes);
    }

    /// <summary>Reads the 16 bytes that <see cref="WriteTo"/> wrote.</summary>
    public static SessionHandle FromBytes(ReadOnlySpan<byte> bytes) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Writes the 16 bytes of this handle.</summary>
    public void WriteTo(Span<byte> destination) =>
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination, _value);

    /// <summary>The 16 bytes of this handle.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        WriteTo(bytes);
        return bytes;
    }

    /// <summary>
    /// Reads exactly 22 base64url characters. Anything else, a second spelling of the same bits included, is refused, so that one
    /// session has one name.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SessionHandle handle)
    {
        handle = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (!Base64UrlText.TryDecodeExact(text, TextLength, bytes))
        {
            return false;
        }

        handle = FromBytes(bytes);
        return true;
    }

    /// <summary>The 22 characters that name this session.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        WriteTo(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
