using Holdfast.Tokens;

namespace Holdfast.Refresh;

/// <summary>
/// What the record keeps of a family of refresh tokens. No list of spent tokens is needed: a token's MAC proves that it was issued, and
/// its generation tells how old it is.
/// </summary>
/// <param name="Generation">The generation of the token that is valid now; the first is 1.</param>
/// <param name="Current">The digest of that token.</param>
/// <param name="Previous">The digest of the one it replaced; null in the first generation.</param>
/// <param name="KeyId">The master secret under which <paramref name="Current"/> was derived from its predecessor.</param>
/// <param name="RotatedAt">When it replaced its predecessor, by the store's clock.</param>
/// <param name="ConfirmedGeneration">
/// The greatest generation that some node has seen in use, as a refresh token or as an access token minted with it. It only grows, so
/// that it can be told in batches beside any other change.
/// </param>
public sealed record RefreshLineage(
    int Generation, Digest Current, Digest? Previous, byte KeyId, DateTimeOffset RotatedAt, int ConfirmedGeneration)
{
    /// <summary>Whether the current generation has been seen in use, so that its predecessor is spent.</summary>
    public bool Confirmed => ConfirmedGeneration >= Generation;
}
