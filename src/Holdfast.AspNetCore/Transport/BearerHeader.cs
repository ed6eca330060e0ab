using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Transport;

/// <summary>What the Authorization header holds.</summary>
internal enum BearerPresence
{
    /// <summary>There is none.</summary>
    Absent = 0,

    /// <summary>Another scheme, which is not ours to judge.</summary>
    OtherScheme = 1,

    /// <summary>A bearer token, malformed perhaps.</summary>
    Bearer = 2,
}

/// <summary>The Authorization header of a request (RFC 6750, section 2.1).</summary>
/// <param name="Presence">What it holds.</param>
/// <param name="Token">The token; null unless exactly one well-formed header came.</param>
internal readonly record struct BearerHeader(BearerPresence Presence, string? Token)
{
    private const string Scheme = "Bearer ";
    private const int MaxLength = 8 * 1024;

    private static readonly SearchValues<char> Token68 =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    public static BearerHeader Read(IHeaderDictionary headers)
    {
        var values = headers.Authorization;
        if (values.Count == 0)
        {
            return default;
        }

        if (!values.Any(value => value?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true))
        {
            return new BearerHeader(BearerPresence.OtherScheme, null);
        }

        var token = values.Count == 1 ? values[0]![Scheme.Length..].Trim(' ') : "";
        var wellFormed = token.Length is > 0 and <= MaxLength && !token.AsSpan().ContainsAnyExcept(Token68);
        return new BearerHeader(BearerPresence.Bearer, wellFormed ? token : null);
    }
}
