using System.Collections.Immutable;
using System.ComponentModel;

namespace Holdfast.Limits;

/// <summary>What happens when a subject that has as many sessions as it may signs in once more. Settings: <c>refuse</c>, <c>end_oldest</c>, <c>end_least_recent</c>.</summary>
[TypeConverter(typeof(SettingConverter<WhenLimitReached>))]
public enum WhenLimitReached
{
    /// <summary>The new sign-in is refused.</summary>
    Refuse = 0,

    /// <summary>The session that began first ends.</summary>
    EndOldest = 1,

    /// <summary>The session that was used least recently ends.</summary>
    EndLeastRecent = 2,
}

/// <summary>How many live sessions one subject may have.</summary>
/// <param name="Max">The limit; 0 means none.</param>
/// <param name="WhenReached">What happens to the sign-in beyond it.</param>
public sealed record SessionLimit(int Max, WhenLimitReached WhenReached)
{
    /// <summary>No limit.</summary>
    public static SessionLimit None { get; } = new(0, WhenLimitReached.Refuse);

    /// <summary>
    /// Decides for one more session beside <paramref name="live"/>. Ties are broken by handle, so that every store evicts the same one.
    /// </summary>
    public LimitVerdict Decide(IReadOnlyCollection<LimitCandidate> live)
    {
        var surplus = live.Count + 1 - Max;
        if (Max == 0 || surplus <= 0)
        {
            return LimitVerdict.Admit;
        }

        return WhenReached switch
        {
            WhenLimitReached.Refuse => LimitVerdict.Refuse,
            WhenLimitReached.EndOldest => Evict(live.OrderBy(candidate => candidate.CreatedAt), surplus),
            _ => Evict(live.OrderBy(candidate => candidate.LastSeenAt), surplus),
        };
    }

    private static LimitVerdict Evict(IOrderedEnumerable<LimitCandidate> ordered, int surplus) =>
        new(true, [.. ordered.ThenBy(candidate => candidate.Handle.ToString(), StringComparer.Ordinal).Take(surplus).Select(candidate => candidate.Handle)]);
}

/// <summary>A live session that counts towards the limit.</summary>
/// <param name="Handle">Which.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="LastSeenAt">When it was last used.</param>
public readonly record struct LimitCandidate(SessionHandle Handle, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt);

/// <summary>Whether the new session is admitted, and which ones end for it.</summary>
/// <param name="Admitted">Whether it may begin.</param>
/// <param name="Evicted">The sessions that end in the same step.</param>
public sealed record LimitVerdict(bool Admitted, ImmutableArray<SessionHandle> Evicted)
{
    /// <summary>There is room.</summary>
    public static LimitVerdict Admit { get; } = new(true, []);

    /// <summary>There is none, and none is made.</summary>
    public static LimitVerdict Refuse { get; } = new(false, []);
}
