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

    private readonly byte[]? _bytes;

    private Digest(byte[] bytes) => _bytes = bytes;

    /// <summary>The digest of <paramref name="credential"/>.</summary>
    public static Digest Of(ReadOnlySpan<byte> credential) => new(SHA256.HashData(credential));

    /// <summary>Takes a copy of a digest that a store kept.</summary>
    /// <exception cref="ArgumentException">There are not 32 bytes.</exception>
    public static Digest FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new(bytes.ToArray()) : throw new ArgumentException($"A digest has {Size} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>The 32 bytes, for a store to keep. The default value has none and equals no digest.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <inheritdoc/>
    public bool Equals(Digest other) =>
        _bytes is not null && other._bytes is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bytes is null ? 0 : BitConverter.ToInt32(_bytes);

    /// <summary>Equal in constant time.</summary>
    public static bool operator ==(Digest left, Digest right) => left.Equals(right);

    /// <summary>Not equal, in constant time.</summary>
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);

    /// <summary>Always <c>digest</c>: a digest helps nobody who reads a log.</summary>
    public override string ToString() => "digest";
}
