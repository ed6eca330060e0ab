using System.Collections.Immutable;

namespace Holdfast.Data;

/// <summary>What an application keeps with a session, by field.</summary>
/// <param name="Fields">Each field with its value and version.</param>
public sealed record SessionData(ImmutableDictionary<string, DataField> Fields)
{
    /// <summary>No fields.</summary>
    public static SessionData Empty { get; } = new(ImmutableDictionary<string, DataField>.Empty);
}

/// <summary>One field.</summary>
/// <param name="Value">Its bytes, as the application wrote them.</param>
/// <param name="Version">
/// Grows with every write to this session's data, so that a field that was removed and written again does not look unchanged.
/// </param>
public sealed record DataField(ReadOnlyMemory<byte> Value, long Version);

/// <summary>A change to one field.</summary>
/// <param name="Field">Its name: 1 to 128 characters.</param>
/// <param name="Value">The new bytes; null removes the field.</param>
/// <param name="ExpectedVersion">If given, the version that the field must still have; 0 means that it must not exist.</param>
public sealed record DataChange(string Field, ReadOnlyMemory<byte>? Value, long? ExpectedVersion = null)
{
    /// <summary>The greatest length of a field's name, in characters.</summary>
    public const int MaxFieldLength = 128;

    /// <summary>Fields whose names begin so are Holdfast's own: the application neither sees nor writes them.</summary>
    public const string ReservedPrefix = "holdfast.";
}

/// <summary>What became of a write.</summary>
public enum DataWriteStatus
{
    /// <summary>All changes are durable.</summary>
    Written = 0,

    /// <summary>A field no longer had its expected version; nothing was written.</summary>
    Conflict = 1,

    /// <summary>The fields together (names in UTF-8 and values) would exceed the limit; nothing was written.</summary>
    TooLarge = 2,

    /// <summary>There is no such live session.</summary>
    NotLive = 3,

    /// <summary>The session is being carried over into a signed-in one; write to its successor.</summary>
    Frozen = 4,
}
