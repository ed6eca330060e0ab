namespace Holdfast.Tokens;

/// <summary>The signatures that access tokens may have. Compared case-sensitively; there is no other, and never "none".</summary>
public static class SigningAlgorithms
{
    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<string> Supported { get; } = ["ES256", "RS256", "PS256", "HS256"];

    /// <summary>Whether <paramref name="algorithm"/> is one of them.</summary>
    public static bool IsSupported(string? algorithm) => algorithm is not null && Supported.Contains(algorithm, StringComparer.Ordinal);
}
