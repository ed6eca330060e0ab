using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Holdfast.Server.Api;

/// <summary>What a JSON value has that its record has not, and where a value is of another kind; in words for whoever sent it.</summary>
internal static class JsonShape
{
    /// <summary>The first complaint; null if the value has the record's shape.</summary>
    public static string? Complaint(JsonElement value, JsonTypeInfo type, string path = "")
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                return value.ValueKind != JsonValueKind.Object ? $"{Name(path)} is not an object." : OfMembers(value, type, path);
            case JsonTypeInfoKind.Enumerable:
                return value.ValueKind != JsonValueKind.Array ? $"{Name(path)} is not an array." : OfItems(value, type, path);
            case JsonTypeInfoKind.Dictionary:
                return value.ValueKind != JsonValueKind.Object ? $"{Name(path)} is not an object." : OfEntries(value, type, path);
            default:
                return OfScalar(value, Nullable.GetUnderlyingType(type.Type) ?? type.Type, path);
        }
    }

    /// <summary>How a member is called in a complaint.</summary>
    public static string Name(string path) => path.Length == 0 ? "The body" : path;

    private static string? OfMembers(JsonElement value, JsonTypeInfo type, string path)
    {
        foreach (var member in value.EnumerateObject())
        {
            var memberPath = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
            var property = type.Properties.FirstOrDefault(known => known.Name == member.Name);
            var complaint = property is null
                ? $"{Name(memberPath)} is not known. Known are {string.Join(", ", type.Properties.Select(known => known.Name))}."
                : Complaint(member.Value, type.Options.GetTypeInfo(property.PropertyType), memberPath);
            if (complaint is not null)
            {
                return complaint;
            }
        }

        return null;
    }

    private static string? OfItems(JsonElement value, JsonTypeInfo type, string path)
    {
        var item = type.Options.GetTypeInfo(type.ElementType!);
        return value.EnumerateArray().Select((one, index) => one.ValueKind == JsonValueKind.Null
            ? $"{Name($"{path}[{index}]")} is null." : Complaint(one, item, $"{path}[{index}]")).FirstOrDefault(complaint => complaint is not null);
    }

    private static string? OfEntries(JsonElement value, JsonTypeInfo type, string path)
    {
        var item = type.Options.GetTypeInfo(type.ElementType!);
        return value.EnumerateObject().Select(entry => item.Type == typeof(Protocol.ClaimValues) && entry.Value.ValueKind == JsonValueKind.Null
            ? $"{Name($"{path}.{entry.Name}")} is null." : Complaint(entry.Value, item, $"{path}.{entry.Name}")).FirstOrDefault(complaint => complaint is not null);
    }

    private static string? OfScalar(JsonElement value, Type type, string path) => (type, value.ValueKind) switch
    {
        (_, JsonValueKind.String) when type == typeof(string) => null,
        (_, not JsonValueKind.String) when type == typeof(string) => $"{Name(path)} is not a string.",
        (_, JsonValueKind.True or JsonValueKind.False) when type == typeof(bool) => null,
        (_, _) when type == typeof(bool) => $"{Name(path)} is neither true nor false.",
        (_, _) when type == typeof(int) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _) ? null : $"{Name(path)} is not a whole number.",
        (_, _) when type == typeof(DateTimeOffset) => value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out _)
            ? null : $"{Name(path)} is not a time as RFC 3339 writes it.",
        (_, JsonValueKind.String) when type == typeof(Protocol.ClaimValues) => null,
        (_, _) when type == typeof(Protocol.ClaimValues) => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
            ? null : $"{Name(path)} is neither a string nor an array of strings.",
        _ => null,
    };
}
