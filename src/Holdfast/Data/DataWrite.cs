using System.Collections.Immutable;
using System.Text;

namespace Holdfast.Data;

/// <summary>What a write to a session's data does: all of it or nothing. A pure function that every store applies in one step.</summary>
public static class DataWrite
{
    /// <summary>Applies changes to fields.</summary>
    /// <param name="fields">The fields as they are.</param>
    /// <param name="changes">The changes, each to another field.</param>
    /// <param name="version">The version that changed fields get: greater than any that a field of this session ever had.</param>
    /// <param name="maxBytes">The most that all names (UTF-8) and values may take afterwards. A write that only makes less is never too large.</param>
    /// <returns>The verdict, and the fields after it.</returns>
    public static (DataWriteStatus Status, ImmutableDictionary<string, DataField> Fields) Apply(
        ImmutableDictionary<string, DataField> fields, IReadOnlyCollection<DataChange> changes, long version, int maxBytes)
    {
        if (changes.Any(change => change.ExpectedVersion is { } expected && expected != (fields.GetValueOrDefault(change.Field)?.Version ?? 0)))
        {
            return (DataWriteStatus.Conflict, fields);
        }

        var next = fields.ToBuilder();
        foreach (var change in changes)
        {
            if (change.Value is { } value)
            {
                next[change.Field] = new DataField(value, version);
            }
            else
            {
                next.Remove(change.Field);
            }
        }

        var after = Size(next);
        return after > maxBytes && after > Size(fields) ? (DataWriteStatus.TooLarge, fields) : (DataWriteStatus.Written, next.ToImmutable());
    }

    private static long Size(IEnumerable<KeyValuePair<string, DataField>> fields) =>
        fields.Sum(field => (long)Encoding.UTF8.GetByteCount(field.Key) + field.Value.Value.Length);
}
