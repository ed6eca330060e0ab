using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Freshness;

/// <summary>An entry of a partition's feed, by its place and what it says: another entry at the same place is another mark.</summary>
internal readonly record struct FeedMark(FeedPosition Position, uint Content)
{
    public static FeedMark Of(FeedItem item)
    {
        var said = $"{(int)item.Entry.Kind} {item.Entry.Key.About} {item.Entry.Least} {item.Entry.Tenant}";
        return new FeedMark(item.Position, BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(said))));
    }
}

/// <summary>
/// How far somebody who follows a node has read, in every partition. Its text means the same to every node of the same store.
/// </summary>
/// <remarks>Base64url of, for each partition, time int64, step int64 and content uint32, big-endian; all zero before the first entry.</remarks>
public sealed class FeedMarks
{
    private const int Size = 20;

    private readonly FeedMark?[] _marks;

    internal FeedMarks(FeedMark?[] marks) => _marks = marks;

    internal IReadOnlyList<FeedMark?> Marks => _marks;

    /// <summary>Reads what <see cref="ToString"/> wrote for a store of so many partitions.</summary>
    public static bool TryParse(string? text, int partitions, out FeedMarks marks)
    {
        marks = new FeedMarks(new FeedMark?[partitions]);
        var bytes = new byte[partitions * Size];
        if (text is null || !Base64UrlText.TryDecodeExact(text, Base64Url.GetEncodedLength(bytes.Length), bytes))
        {
            return false;
        }

        for (var partition = 0; partition < partitions; partition++)
        {
            var one = bytes.AsSpan(partition * Size, Size);
            marks._marks[partition] = one.IndexOfAnyExcept((byte)0) < 0 ? null : new FeedMark(
                new FeedPosition(BinaryPrimitives.ReadInt64BigEndian(one), BinaryPrimitives.ReadInt64BigEndian(one[8..])), BinaryPrimitives.ReadUInt32BigEndian(one[16..]));
        }

        return true;
    }

    /// <summary>The text.</summary>
    public override string ToString()
    {
        var bytes = new byte[_marks.Length * Size];
        for (var partition = 0; partition < _marks.Length; partition++)
        {
            if (_marks[partition] is { } mark)
            {
                var one = bytes.AsSpan(partition * Size, Size);
                BinaryPrimitives.WriteInt64BigEndian(one, mark.Position.Time);
                BinaryPrimitives.WriteInt64BigEndian(one[8..], mark.Position.Step);
                BinaryPrimitives.WriteUInt32BigEndian(one[16..], mark.Content);
            }
        }

        return Base64Url.EncodeToString(bytes);
    }
}

/// <summary>What a node tells those who follow it.</summary>
/// <param name="Entries">The entries of one tenant after the marks, each with its partition.</param>
/// <param name="Marks">How far that reaches.</param>
/// <param name="More">Whether there is more behind it, to be asked for at once.</param>
/// <param name="StartsOver">Whether these are all endings that still matter, since this node could not go on from the marks.</param>
/// <param name="KnownSince">
/// This node knows everything that happened until this moment of its monotonic clock; null if it knows nothing for certain.
/// </param>
public sealed record FeedNews(IReadOnlyList<(int Partition, FeedEntry Entry)> Entries, FeedMarks Marks, bool More, bool StartsOver, TimeSpan? KnownSince);
