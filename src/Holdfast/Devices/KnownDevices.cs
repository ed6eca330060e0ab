using System.Buffers.Text;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Devices;

/// <summary>
/// What is remembered of the devices that a subject signed in on: salted digests of what they call themselves and where they are, and the
/// day. Pure.
/// </summary>
/// <param name="Salt">Random, drawn once for each subject.</param>
/// <param name="Devices">The most recent first.</param>
public sealed record KnownDevices(string Salt, ImmutableArray<KnownDevice> Devices)
{
    /// <summary>How many are remembered.</summary>
    public const int Max = 20;

    /// <summary>Nothing is known.</summary>
    public static KnownDevices None => new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), []);

    /// <summary>Judges a sign-in and remembers it. The first of all is not news: there is nothing that it differs from.</summary>
    /// <param name="device">Where it came from.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="longAbsence">After how long without a sign-in a return is remarkable.</param>
    public (DeviceVerdict Verdict, KnownDevices Next) See(Device device, DateTimeOffset now, TimeSpan longAbsence)
    {
        var day = (int)(now.ToUnixTimeSeconds() / 86_400);
        var digest = DigestOf(device);
        var verdict = Devices.IsEmpty ? DeviceVerdict.Known
            : !Devices.Any(known => known.Digest == digest) ? DeviceVerdict.New
            : day - Devices.Max(known => known.Day) > longAbsence.TotalDays ? DeviceVerdict.LongAbsent
            : DeviceVerdict.Known;
        return (verdict, this with { Devices = [new KnownDevice(digest, day), .. Devices.Where(known => known.Digest != digest).Take(Max - 1)] });
    }

    /// <summary>As stores keep it.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, KnownDevicesJson.Default.KnownDevices);

    /// <summary>As it was kept.</summary>
    public static KnownDevices Decode(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize(bytes, KnownDevicesJson.Default.KnownDevices) ?? None;

    private string DigestOf(Device device)
    {
        var text = $"{Salt}|{device.Name ?? UserAgent.Parse(device.UserAgent).ToString()}|{device.Place ?? NetworkOf(device.Address)}";
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 12));
    }

    // About a provider's size: a phone that is given another address is no other device.
    private static string NetworkOf(string? address) => IPAddress.TryParse(address, out var parsed)
        ? Convert.ToHexString(parsed.GetAddressBytes().AsSpan(0, parsed.AddressFamily == AddressFamily.InterNetwork ? 2 : 4)) : "";
}

/// <summary>One of them.</summary>
/// <param name="Digest">What it was, salted and digested.</param>
/// <param name="Day">The day of its last sign-in, since 1970.</param>
public sealed record KnownDevice(string Digest, int Day);

/// <summary>What a sign-in is, by where it came from.</summary>
public enum DeviceVerdict
{
    /// <summary>Like others before it, or the first of all.</summary>
    Known = 0,

    /// <summary>From a device or network that was not seen before.</summary>
    New = 1,

    /// <summary>From a known device, after a long absence from all.</summary>
    LongAbsent = 2,
}

[JsonSerializable(typeof(KnownDevices))]
internal sealed partial class KnownDevicesJson : JsonSerializerContext;
