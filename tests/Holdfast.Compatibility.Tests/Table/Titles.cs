using System.Reflection;

namespace Holdfast.Compatibility.Tests.Table;

/// <summary>What the table calls a class of scenarios.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TitledAttribute(string title) : Attribute
{
    public string Title { get; } = title;
}

/// <summary>Reads it.</summary>
internal static class Titles
{
    public static string Of(Type scenarios) => scenarios.GetCustomAttribute<TitledAttribute>()?.Title
        ?? throw new InvalidOperationException($"{scenarios.Name} has no title for its part of the table: [Titled(\"...\")].");
}
