namespace Holdfast.Devices;

/// <summary>Where a session was started from, for its owner to recognise.</summary>
/// <param name="UserAgent">The user agent as sent, one line, at most 256 characters.</param>
/// <param name="Address">The network address as text; null if unknown.</param>
public sealed record Device(string? UserAgent, string? Address)
{
    /// <summary>What its owner calls such a device, such as <c>Firefox on Windows</c>; null if nothing is known.</summary>
    public string? Name { get; init; }

    /// <summary>Where that address is, in words; null unless the application looks places up.</summary>
    public string? Place { get; init; }

    /// <summary>The greatest length of a user agent that is kept.</summary>
    public const int MaxUserAgentLength = 256;
}
