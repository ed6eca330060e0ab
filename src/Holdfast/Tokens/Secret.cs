using System.Security.Cryptography;

namespace Holdfast.Tokens;

/// <summary>
/// The 256 random bits that make a credential. No store ever receives one: stores take a <see cref="Digest"/>, another type. It prints
/// as <c>***</c>, so that no log line, exception or debugger view can show it by accident.
/// </summary>
public sealed class Secret
{
    /// <summary>How many bytes a secret has.</summary>
    public const int Size = 32;

    private readonly byte[] _bytes;

    private Secret(byte[] bytes) => _bytes = bytes;

    /// <summary>A fresh secret from the platform's random generator.</summary>
    public static Secret New() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Takes a copy of exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException">There are not 32 bytes.</exception>
    public static Secret FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? new(bytes.ToArray()) : throw new ArgumentException($"A secret has {Size} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>The bytes themselves, for whoever builds or digests a credential.</summary>
    public ReadOnlySpan<byte> Reveal() => _bytes;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}
