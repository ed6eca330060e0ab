namespace Holdfast.Devices;

/// <summary>
/// What a user agent calls itself, in words its owner recognises. Browsers freeze and borrow these strings, so this is a description
/// for a list of devices and never a fact to decide by.
/// </summary>
/// <param name="Browser">The browser or program, such as <c>Firefox</c>; null if it is not recognised.</param>
/// <param name="System">The operating system, such as <c>Windows</c>; null if it is not recognised.</param>
public sealed record UserAgent(string? Browser, string? System)
{
    // In this order: each later one also claims to be an earlier one's rival.
    private static readonly (string Mark, string Name)[] Browsers =
    [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Vivaldi/", "Vivaldi"), ("YaBrowser/", "Yandex Browser"),
        ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("HeadlessChrome/", "Chrome"), ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"), ("okhttp/", "Android app"), ("CFNetwork/", "iOS app"),
        ("python-requests/", "Python"), ("PostmanRuntime/", "Postman"),
    ];

    private static readonly (string Mark, string Name)[] Systems =
    [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
        ("Mac OS X", "macOS"), ("Macintosh", "macOS"), ("Linux", "Linux"),
    ];

    /// <summary>Describes a user agent string; anything unknown gives nulls.</summary>
    public static UserAgent Parse(string? text) => new(Match(Browsers, text), Match(Systems, text));

    /// <summary>
    /// The same with what current browsers say in client hints instead: their user agent strings no longer tell Windows 10 from 11, nor one
    /// phone from another.
    /// </summary>
    public static UserAgent Parse(string? text, ClientHints hints)
    {
        var known = Parse(text);
        if (text?.Contains("Chrome/", StringComparison.Ordinal) != true)
        {
            // Only Chromium and what is built on it sends hints, and all of those call themselves that: these two contradict each other.
            return known;
        }

        return new UserAgent(hints.Browser ?? known.Browser, hints.Model ?? hints.System ?? known.System);
    }

    /// <summary>One phrase, such as <c>Firefox on Windows</c>.</summary>
    public override string ToString() => (Browser, System) switch
    {
        (null, null) => "Unknown device",
        (null, var system) => system,
        (var browser, null) => browser,
        var (browser, system) => $"{browser} on {system}",
    };

    private static string? Match((string Mark, string Name)[] known, string? text) =>
        text is null ? null : known.FirstOrDefault(entry => text.Contains(entry.Mark, StringComparison.Ordinal)).Name;
}
