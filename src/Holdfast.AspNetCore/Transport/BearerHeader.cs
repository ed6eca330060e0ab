using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

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
/// <param name="presence">What it holds.</param>
/// <param name="token">The token; empty unless exactly one well-formed header came.</param>
internal readonly ref struct BearerHeader(BearerPresence presence, ReadOnlySpan<char> token)
{
    private const string Scheme = "Bearer ";
    private const int MaxLength = 8 * 1024;

    /// <summary>What it holds.</summary>
    public BearerPresence Presence { get; } = presence;

    /// <summary>The token; empty unless exactly one well-formed header came.</summary>
    public ReadOnlySpan<char> Token { get; } = token;

    private static readonly SearchValues<char> Token68 =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    public static BearerHeader Read(IHeaderDictionary headers)
    {
        var values = headers.Authorization;
        if (values.Count == 0)
        {
            return default;
        }

        if (!IsBearer(values))
        {
            return new BearerHeader(BearerPresence.OtherScheme, default);
        }

        var token = values.Count == 1 ? values[0].AsSpan(Scheme.Length).Trim(' ') : default;
        var wellFormed = token.Length is > 0 and <= MaxLength && !token.ContainsAnyExcept(Token68);
        return new BearerHeader(BearerPresence.Bearer, wellFormed ? token : default);
    }

    private static bool IsBearer(StringValues values)
    {
        foreach (var value in values)
        {
            if (value?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }
}
