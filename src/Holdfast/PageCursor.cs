using System.Globalization;

namespace Holdfast;

/// <summary>A position in a list of sessions that is ordered by their beginning, and by handle where they began together.</summary>
/// <param name="CreatedAt">Milliseconds since 1970.</param>
/// <param name="Handle">The handle's text.</param>
public readonly record struct PageCursor(long CreatedAt, string Handle) : IComparable<PageCursor>
{
    /// <summary>The position of a session.</summary>
    public static PageCursor Of(Session session) => new(session.CreatedAt.ToUnixTimeMilliseconds(), session.Handle.ToString());

    /// <summary>Reads a cursor; null for null.</summary>
    /// <exception cref="ArgumentException">It is not one that a page gave.</exception>
    public static PageCursor? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        return text.Split('.') is [var time, var handle]
            && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var createdAt) && SessionHandle.TryParse(handle, out _)
            ? new PageCursor(createdAt, handle)
            : throw new ArgumentException("The cursor is not one that a page of sessions gave.", nameof(text));
    }

    /// <inheritdoc/>
    public int CompareTo(PageCursor other) => CreatedAt != other.CreatedAt ? CreatedAt.CompareTo(other.CreatedAt) : string.CompareOrdinal(Handle, other.Handle);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{CreatedAt}.{Handle}");
}
