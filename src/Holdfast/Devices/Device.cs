namespace Holdfast.Devices;

/// <summary>Where a session was started from, for its owner to recognise.</summary>
/// <param name="UserAgent">The user agent as sent, one line, at most 256 characters.</param>
/// <param name="Address">The network address as text; null if unknown.</param>
public sealed record Device(string? UserAgent, string? Address)
{
    /// <summary>The greatest length of a user agent that is kept.</summary>
    public const int MaxUserAgentLength = 256;
}
