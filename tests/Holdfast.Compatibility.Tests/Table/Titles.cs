using System.Reflection;

namespace Holdfast.Compatibility.Tests.Table;

/// <summary>Where in the table a class of scenarios stands, and under which title.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TitledAttribute(int place, string title) : Attribute
{
    public int Place { get; } = place;

    public string Title { get; } = title;
}

/// <summary>Reads it.</summary>
internal static class Titles
{
    public static TitledAttribute Of(Type scenarios) => scenarios.GetCustomAttribute<TitledAttribute>()
        ?? throw new InvalidOperationException($"{scenarios.Name} has no title for its part of the table: [Titled(1, \"...\")].");
}
