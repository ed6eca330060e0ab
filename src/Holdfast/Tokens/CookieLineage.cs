namespace Holdfast.Tokens;

/// <summary>What the record keeps of the session cookie's secret and of the one before it.</summary>
/// <param name="Current">The digest of the cookie that is valid now.</param>
/// <param name="Previous">The digest of the one it was renewed from, valid during the overlap; null before the first renewal.</param>
/// <param name="Renewal">How often the secret was renewed.</param>
/// <param name="KeyId">The master secret under which <paramref name="Current"/> was derived from its predecessor.</param>
/// <param name="RenewedAt">When <paramref name="Current"/> was made.</param>
/// <param name="FirstUsedAt">When <paramref name="Current"/> was first presented; the overlap starts here. Null until then.</param>
public sealed record CookieLineage(
    Digest Current, Digest? Previous, int Renewal, byte KeyId, DateTimeOffset RenewedAt, DateTimeOffset? FirstUsedAt)
{
    /// <summary>
    /// Whether <see cref="Current"/> was made by a step-up, and not derived: whoever holds the one before it cannot learn it, and proves
    /// no more than before the step-up.
    /// </summary>
    public bool SteppedUp { get; init; }
}
