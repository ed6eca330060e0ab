using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>A file of <c>protocol/vectors</c>: cases that the tests of every client run.</summary>
internal static class VectorFile
{
    public static JsonElement Read(string name, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "protocol", "vectors", name);
        return JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
    }

    /// <summary>The cases of a member, all of which have a name of their own.</summary>
    public static IReadOnlyList<JsonElement> Cases(this JsonElement file, string member)
    {
        JsonElement[] cases = [.. file.GetProperty(member).EnumerateArray()];
        Assert.NotEmpty(cases);
        Assert.Equal(cases.Length, cases.Select(Name).Distinct().Count());
        return cases;
    }

    public static string Name(this JsonElement one) => one.GetProperty("name").GetString()!;

    public static string? Text(this JsonElement one, string member) => one.TryGetProperty(member, out var value) ? value.GetString() : null;
}
