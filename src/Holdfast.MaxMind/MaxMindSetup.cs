using System.Net;
using Holdfast;
using Holdfast.AspNetCore;
using MaxMind.Db;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Places from a MaxMind database.</summary>
public static class HoldfastMaxMindExtensions
{
    /// <summary>
    /// Names the place of each sign-in (<c>London, United Kingdom</c>) in lists of devices and in events. Holdfast ships no database: supply
    /// GeoLite2 City or Country, or any other file of that form, and keep it up to date.
    /// </summary>
    /// <param name="builder">The installation.</param>
    /// <param name="path">The <c>.mmdb</c> file, read once.</param>
    /// <param name="language">The language of the names, where the database has it. Default: <c>en</c>.</param>
    /// <exception cref="HoldfastConfigurationException">The file is missing, or is no such database.</exception>
    public static HoldfastBuilder UseMaxMind(this HoldfastBuilder builder, string path, string language = "en")
    {
        Reader reader;
        try
        {
            reader = new Reader(path, FileAccessMode.Memory);
        }
        catch (Exception exception) when (exception is IOException or InvalidDatabaseException or UnauthorizedAccessException)
        {
            throw new HoldfastConfigurationException($"The MaxMind database '{path}' cannot be read: {exception.Message}");
        }

        builder.Services.Configure<HoldfastWebOptions>(options => options.PlaceOf = address => PlaceOf(reader, address, language));
        return builder;
    }

    private static string? PlaceOf(Reader reader, IPAddress address, string language)
    {
        var mapped = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var found = reader.Find<Dictionary<string, object>>(mapped);
        string[] parts = [.. new[] { "city", "country" }.Select(part => NameOf(found, part, language)).OfType<string>()];
        return parts.Length == 0 ? null : string.Join(", ", parts);
    }

    private static string? NameOf(Dictionary<string, object>? found, string part, string language) =>
        found?.GetValueOrDefault(part) is Dictionary<string, object> record && record.GetValueOrDefault("names") is Dictionary<string, object> names
            ? (names.GetValueOrDefault(language) ?? names.GetValueOrDefault("en")) as string : null;
}
