using System.ComponentModel;
using System.Globalization;

namespace Holdfast;

/// <summary>Reads a choice as settings are written, <c>end_oldest</c>, and as code is, <c>EndOldest</c>. Numbers are no names.</summary>
/// <typeparam name="TChoice">The choices.</typeparam>
public sealed class SettingConverter<TChoice>() : EnumConverter(typeof(TChoice))
    where TChoice : struct, Enum
{
    /// <inheritdoc/>
    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is not string text ? base.ConvertFrom(context, culture, value)
        : Enum.GetNames<TChoice>().FirstOrDefault(name => name.Equals(text.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase)) is { } known
            ? Enum.Parse<TChoice>(known)
            : throw new FormatException($"'{text}' is none of {string.Join(", ", Enum.GetNames<TChoice>().Select(Spelled))}.");

    // EndOldest is written end_oldest.
    private static string Spelled(string name) =>
        string.Concat(name.Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
