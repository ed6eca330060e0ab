using Holdfast.Tokens;

namespace Holdfast.Refresh;

/// <summary>What a genuine refresh token means for its family.</summary>
public enum RefreshVerdict
{
    /// <summary>It is current: replace it.</summary>
    Rotate = 0,

    /// <summary>It was just replaced, or its answer was lost: the same successor again.</summary>
    Repeat = 1,

    /// <summary>Its successor is in use, and somebody still uses it: two holders. End the session.</summary>
    Reuse = 2,

    /// <summary>It is newer than the record: the store lost writes. Take it as current, and replace it.</summary>
    Adopt = 3,
}

/// <summary>
/// Rotation with reuse detection (RFC 9700, section 4.14.2) that no lost response and no race can turn against an honest client.
/// Pure functions over tokens whose MAC has been verified.
/// </summary>
public static class RefreshRotation
{
    /// <summary>Decides.</summary>
    /// <param name="lineage">What the record keeps of the family.</param>
    /// <param name="generation">The presented token's generation.</param>
    /// <param name="presented">Its digest.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="retryWindow">How long a replaced token is simply answered again; zero is strict mode.</param>
    public static RefreshVerdict Decide(RefreshLineage lineage, int generation, Digest presented, DateTimeOffset now, TimeSpan retryWindow)
    {
        if (generation > lineage.Generation)
        {
            return RefreshVerdict.Adopt;
        }

        if (generation == lineage.Generation)
        {
            // A genuine token of this generation that is not this one: the family had forked.
            return presented == lineage.Current ? RefreshVerdict.Rotate : RefreshVerdict.Reuse;
        }

        var isPrevious = generation == lineage.Generation - 1 && lineage.Previous is { } previous && presented == previous;
        var strict = retryWindow <= TimeSpan.Zero;
        var forgivable = !strict && (now - lineage.RotatedAt <= retryWindow || !lineage.Confirmed);
        return isPrevious && forgivable ? RefreshVerdict.Repeat : RefreshVerdict.Reuse;
    }

    /// <summary>The lineage of a new family.</summary>
    public static RefreshLineage First(RefreshToken token, DateTimeOffset now) => new(token.Generation, token.Digest, null, token.KeyId, now, 0);

    /// <summary>
    /// The lineage after <paramref name="presented"/> was replaced. Presenting a token proves that its holder received it: its
    /// generation is confirmed.
    /// </summary>
    public static RefreshLineage Rotated(RefreshLineage lineage, RefreshToken presented, RefreshToken successor, DateTimeOffset now) => new(
        successor.Generation, successor.Digest, presented.Digest, successor.KeyId, now, Math.Max(lineage.ConfirmedGeneration, presented.Generation));
}
