using System.Globalization;

namespace Holdfast.Devices;

/// <summary>User agent client hints, as a browser sent them. A description, like the user agent, and never a fact to decide by.</summary>
/// <param name="Browser">The most telling brand; null if none was sent.</param>
/// <param name="System">The operating system; null if it was not sent.</param>
/// <param name="Model">The device's model, which mobile browsers send when asked; null otherwise.</param>
public sealed record ClientHints(string? Browser, string? System, string? Model)
{
    private const int MaxText = 64;
    private const int FirstOfWindows11 = 13;

    /// <summary>Nothing was sent.</summary>
    public static ClientHints None { get; } = new(null, null, null);

    /// <summary>Reads the headers' values; whatever is missing or malformed is left out.</summary>
    /// <param name="brands"><c>Sec-CH-UA</c>.</param>
    /// <param name="platform"><c>Sec-CH-UA-Platform</c>.</param>
    /// <param name="platformVersion"><c>Sec-CH-UA-Platform-Version</c>.</param>
    /// <param name="model"><c>Sec-CH-UA-Model</c>.</param>
    public static ClientHints Parse(string? brands, string? platform, string? platformVersion, string? model)
    {
        var system = Text(platform);
        return new ClientHints(
            BrandOf(brands),
            system == "Windows" && Text(platformVersion) is { } version ? (Major(version) >= FirstOfWindows11 ? "Windows 11" : "Windows 10") : system,
            Text(model));
    }

    // Every list has a made-up brand in it, so that nobody relies on its form, and Chromium beside what is built on it.
    private static string? BrandOf(string? brands)
    {
        var names = (brands ?? "").Split(',').Select(one => Text(one.Split(';')[0])).OfType<string>()
            .Where(name => !name.Contains("Not", StringComparison.Ordinal) || !name.Contains("Brand", StringComparison.Ordinal)).ToArray();
        var name = names.FirstOrDefault(one => one != "Chromium") ?? names.FirstOrDefault();
        return name switch
        {
            "Google Chrome" or "HeadlessChrome" => "Chrome",
            "Microsoft Edge" => "Edge",
            _ => name,
        };
    }

    private static int Major(string version) =>
        int.TryParse(version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;

    private static string? Text(string? value)
    {
        var trimmed = value?.Trim();
        return trimmed is ['"', .. var text, '"'] && text.Length is > 0 and <= MaxText && text.All(sign => sign is >= ' ' and <= '~' and not ('"' or '\\')) ? text : null;
    }
}
