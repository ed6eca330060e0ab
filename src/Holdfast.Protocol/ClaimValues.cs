using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Protocol;

/// <summary>The values of one claim: on the wire a string if there is one, an array of strings otherwise.</summary>
/// <param name="Values">The values.</param>
[JsonConverter(typeof(ClaimValuesConverter))]
public sealed record ClaimValues(IReadOnlyList<string> Values);

internal sealed class ClaimValuesConverter : JsonConverter<ClaimValues>
{
    public override ClaimValues Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return new ClaimValues([reader.GetString()!]);
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("A claim is a string or an array of strings.");
        }

        var values = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            values.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException("A claim is a string or an array of strings."));
        }

        return new ClaimValues(values);
    }

    public override void Write(Utf8JsonWriter writer, ClaimValues value, JsonSerializerOptions options)
    {
        if (value.Values is [var only])
        {
            writer.WriteStringValue(only);
            return;
        }

        writer.WriteStartArray();
        foreach (var one in value.Values)
        {
            writer.WriteStringValue(one);
        }

        writer.WriteEndArray();
    }
}
