using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Holdfast.Tokens;

/// <summary>
/// SHA-256 of a credential: all that a store ever sees of it. Comparison takes the same time whether the digests differ in the first
/// byte or the last.
/// </summary>
public readonly struct Digest : IEquatable<Digest>
{
    /// <summary>How many bytes a digest has.</summary>
    public const int Size = 32;

    // The bytes themselves, in order: a digest is compared at every request, and must not cost an object.
    private readonly UInt128 _first;
    private readonly UInt128 _second;

    private Digest(ReadOnlySpan<byte> bytes) => (_first, _second) = (MemoryMarshal.Read<UInt128>(bytes), MemoryMarshal.Read<UInt128>(bytes[16..]));

    /// <summary>The digest of <paramref name="credential"/>.</summary>
    public static Digest Of(ReadOnlySpan<byte> credential)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(credential, hash);
        return new Digest(hash);
    }

    /// <summary>Takes a copy of a digest that a store kept.</summary>
    /// <exception cref="ArgumentException">There are not 32 bytes.</exception>
    public static Digest FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new(bytes) : throw new ArgumentException($"A digest has {Size} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>The 32 bytes, for a store to keep.</summary>
    public byte[] ToBytes() => Bytes(in this).ToArray();

    /// <summary>Equal in constant time. The default value equals no digest, not even itself.</summary>
    public bool Equals(Digest other) =>
        CryptographicOperations.FixedTimeEquals(Bytes(in this), Bytes(in other)) && (_first | _second) != UInt128.Zero;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)_first;

    /// <summary>Equal in constant time.</summary>
    public static bool operator ==(Digest left, Digest right) => left.Equals(right);

    /// <summary>Not equal, in constant time.</summary>
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);

    /// <summary>Always <c>digest</c>: a digest helps nobody who reads a log.</summary>
    public override string ToString() => "digest";

    private static ReadOnlySpan<byte> Bytes(ref readonly Digest digest) => MemoryMarshal.AsBytes(new ReadOnlySpan<Digest>(in digest));
}
