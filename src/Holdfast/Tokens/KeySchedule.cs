namespace Holdfast.Tokens;

/// <summary>
/// When signing keys are announced, sign, and are forgotten: pure functions of their times. A key is in the JWKS one cache lifetime
/// before it signs, and stays until the last token that it signed is dead, so no verifier ever meets a key that it could not know.
/// </summary>
public static class KeySchedule
{
    /// <summary>How long others may cache the JWKS.</summary>
    public static readonly TimeSpan JwksCacheLifetime = TimeSpan.FromMinutes(10);

    /// <summary>The longest that an access token may live, and some room for clocks.</summary>
    private static readonly TimeSpan LongestToken = TimeSpan.FromMinutes(16);

    /// <summary>The key that signs now: the one that became active last, or the first one if none is active yet.</summary>
    internal static SigningKey? Signing(IReadOnlyCollection<SigningKey> keys, DateTimeOffset now) =>
        keys.Where(key => key.ActiveFrom <= now).MaxBy(key => key.ActiveFrom) ?? keys.MinBy(key => key.ActiveFrom);

    /// <summary>When the next key must begin to sign; null while the newest one has time left, or waits for its turn.</summary>
    internal static DateTimeOffset? NextActiveFrom(
        IReadOnlyCollection<SigningKey> keys, string algorithm, TimeSpan lifetime, DateTimeOffset now)
    {
        if (keys.MaxBy(key => key.ActiveFrom) is not { } newest)
        {
            return now;
        }

        var due = newest.Algorithm != algorithm || now >= newest.ActiveFrom + lifetime - JwksCacheLifetime;
        return due ? Later(now + JwksCacheLifetime, newest.ActiveFrom) : null;
    }

    /// <summary>The keys that can still meet a token.</summary>
    internal static IEnumerable<SigningKey> Needed(IReadOnlyCollection<SigningKey> keys, DateTimeOffset now)
    {
        var replacedBefore = now - LongestToken;
        return keys.Where(key => !keys.Any(other => other.ActiveFrom > key.ActiveFrom && other.ActiveFrom <= replacedBefore));
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
