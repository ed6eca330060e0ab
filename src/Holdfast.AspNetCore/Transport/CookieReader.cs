using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Transport;

/// <summary>
/// Reads the Cookie header as it came. A name that stands twice belongs to nobody: one of the two was planted, and nothing says which.
/// </summary>
internal readonly struct CookieReader(IHeaderDictionary headers)
{
    // A browser keeps no cookie that is longer (RFC 6265bis, section 5.6).
    private const int MaxLength = 4096;

    /// <summary>Whether a cookie of this name came at all.</summary>
    public bool Has(string name) => Read(name, out _) > 0;

    /// <summary>The value of the one cookie of this name; null if there is none, it came twice, or it is too long.</summary>
    public string? Single(string name) => Read(name, out var value) == 1 && value.Length <= MaxLength ? value.ToString() : null;

    /// <summary>How many cookies of this name came, and the value of the last one.</summary>
    public int Read(string name, out ReadOnlySpan<char> value)
    {
        var count = 0;
        value = default;
        foreach (var line in headers.Cookie)
        {
            var rest = line.AsSpan();
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf(';');
                var pair = (end < 0 ? rest : rest[..end]).Trim();
                rest = end < 0 ? [] : rest[(end + 1)..];
                if (pair.Length > name.Length && pair[name.Length] == '=' && pair[..name.Length].SequenceEqual(name))
                {
                    count++;
                    value = pair[(name.Length + 1)..];
                }
            }
        }

        return count;
    }
}
