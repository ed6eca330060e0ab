namespace Playground;

/// <summary>Where the playground listens and keeps its files.</summary>
/// <param name="Port">Its own port.</param>
/// <param name="OtherPort">The port of the other site, which attacks it.</param>
/// <param name="Directory">Its data.</param>
public sealed record PlaygroundSettings(int Port, int OtherPort, string Directory)
{
    /// <summary>The scheme: https once there is a certificate.</summary>
    public string Scheme { get; init; } = "http";

    /// <summary>Its address.</summary>
    public string Address => $"{Scheme}://localhost:{Port}";

    /// <summary>Who issues tokens. A server beside it, on the same sessions, must say the same. Default: its own address.</summary>
    public string? SharedIssuer { get; init; }

    /// <summary>The issuer in force.</summary>
    public string Issuer => SharedIssuer ?? Address;

    /// <summary>The other site under a name that shares our site: another port of localhost.</summary>
    public string OtherAddress => $"{Scheme}://localhost:{OtherPort}";

    /// <summary>The other site under a name that does not.</summary>
    public string ForeignAddress => $"{Scheme}://127.0.0.1:{OtherPort}";

    /// <summary>
    /// Reads <c>PORT</c> (default 5080; the other site gets the next one), <c>PLAYGROUND_DATA</c> (default <c>.playground</c>) and
    /// <c>PLAYGROUND_ISSUER</c>.
    /// </summary>
    public static PlaygroundSettings FromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable("PORT");
        if (!int.TryParse(string.IsNullOrEmpty(text) ? "5080" : text, out var port) || port is < 1 or > 65534)
        {
            throw new InvalidOperationException($"PORT is '{text}': a number from 1 to 65534.");
        }

        var data = Environment.GetEnvironmentVariable("PLAYGROUND_DATA");
        var issuer = Environment.GetEnvironmentVariable("PLAYGROUND_ISSUER");
        return new PlaygroundSettings(port, port + 1, string.IsNullOrEmpty(data) ? ".playground" : data) { SharedIssuer = string.IsNullOrEmpty(issuer) ? null : issuer };
    }
}
