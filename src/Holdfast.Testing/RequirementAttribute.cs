using Xunit.v3;

namespace Holdfast.Testing;

/// <summary>Names the rows of the requirement catalogue that a test proves, so that a table of rows and tests can be made.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = false)]
public sealed class RequirementAttribute : Attribute, ITraitAttribute
{
    /// <summary>Names the rows.</summary>
    /// <param name="rows">Ids such as <c>RT-02</c>.</param>
    public RequirementAttribute(params string[] rows) => Rows = rows;

    /// <summary>The ids.</summary>
    public IReadOnlyList<string> Rows { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() =>
        [.. Rows.Select(row => KeyValuePair.Create("Requirement", row))];
}
