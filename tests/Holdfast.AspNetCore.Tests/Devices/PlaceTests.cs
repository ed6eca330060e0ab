using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore.Tests.Devices;

/// <summary>What a user sees of a device: client hints, and the place from a MaxMind database that the application supplies.</summary>
public sealed class PlaceTests : IDisposable
{
    private readonly string _database = Path.GetTempFileName();

    public void Dispose() => File.Delete(_database);

    [Fact]
    [Requirement("CS-02")]
    public async Task The_list_of_devices_names_place_and_model()
    {
        await File.WriteAllBytesAsync(_database, DatabaseOfLoopback("Testville", "Utopia"));
        await using var app = await TestApp.StartAsync(build: builder => builder.Services.AddHoldfast().UseMaxMind(_database));
        using var browser = app.Browser();
        browser.UserAgent = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36";
        using var signIn = new HttpRequestMessage(HttpMethod.Post, "/sign-in/ada");
        signIn.Headers.Add("X-CSRF-Token", await browser.CsrfTokenAsync());
        signIn.Headers.Add("Sec-CH-UA", "\"Google Chrome\";v=\"130\"");
        signIn.Headers.Add("Sec-CH-UA-Model", "\"Pixel 9\"");
        (await browser.SendAsync(signIn)).EnsureSuccessStatusCode();
        var device = (await Answer.JsonAsync(await browser.GetAsync("/auth/session"))).GetProperty("device");
        Assert.Equal("Chrome on Pixel 9", device.GetProperty("name").GetString());
        Assert.Equal("Testville, Utopia", device.GetProperty("place").GetString());
    }

    [Fact]
    public async Task A_page_asks_browsers_for_the_model()
    {
        await using var app = await TestApp.StartAsync();
        using var browser = app.Browser();
        Assert.Contains("Sec-CH-UA-Model", string.Join(',', (await browser.GetAsync("/page")).Headers.GetValues("Accept-CH")), StringComparison.Ordinal);
        Assert.False((await browser.GetAsync("/public")).Headers.Contains("Accept-CH"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_stops_the_start_and_is_named()
    {
        await File.WriteAllTextAsync(_database, "nothing of the kind");
        var refused = Assert.Throws<HoldfastConfigurationException>(() => new ServiceCollection().AddHoldfast().UseMaxMind(_database));
        Assert.Contains(_database, refused.Message, StringComparison.Ordinal);
    }

    // The MaxMind DB file format 2.0: a binary tree over address bits, a data section, and metadata behind a marker.
    private static byte[] DatabaseOfLoopback(string city, string country)
    {
        const int Bits = 8;
        const int Loopback = 127;
        var file = new MemoryStream();
        for (var bit = 0; bit < Bits; bit++)
        {
            var next = bit == Bits - 1 ? Bits + 16 : bit + 1;
            var isOne = (Loopback >> (Bits - 1 - bit) & 1) == 1;
            file.Write(Record(isOne ? Bits : next));
            file.Write(Record(isOne ? next : Bits));
        }

        file.Write(new byte[16]);
        file.Write(Map(("city", Map(("names", Map(("en", Text(city)))))), ("country", Map(("names", Map(("en", Text(country))))))));
        file.Write([0xAB, 0xCD, 0xEF, .. "MaxMind.com"u8]);
        file.Write(Map(
            ("node_count", [0xC1, Bits]), ("record_size", [0xA1, 24]), ("ip_version", [0xA1, 4]), ("database_type", Text("Test")), ("languages", [0x01, 0x04, .. Text("en")]),
            ("binary_format_major_version", [0xA1, 2]), ("binary_format_minor_version", [0xA0]), ("build_epoch", [0x01, 0x02, 1]), ("description", Map(("en", Text("Test"))))));
        return file.ToArray();
    }

    private static byte[] Record(int value) => [(byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static byte[] Text(string text) => [(byte)(0x40 | text.Length), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Map(params (string Key, byte[] Value)[] entries) => [(byte)(0xE0 | entries.Length), .. entries.SelectMany(entry => (byte[])[.. Text(entry.Key), .. entry.Value])];
}
