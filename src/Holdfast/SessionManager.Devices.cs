using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Auditing;
using Holdfast.Devices;

namespace Holdfast;

public sealed partial class SessionManager
{
    /// <summary>Forgets on which devices a subject has signed in, for when the account goes away.</summary>
    public async ValueTask ForgetDevicesAsync(string tenant, string subject, CancellationToken cancellationToken)
    {
        var name = DevicesName(tenant, subject);
        while (await store.ReadDocumentAsync(name, cancellationToken) is { Content.Length: > 0 } known
            && !await store.WriteDocumentAsync(name, ReadOnlyMemory<byte>.Empty, known.Version, cancellationToken))
        {
        }
    }

    // After the sign-in: whoever is told of it must be able to trust that it happened.
    private async ValueTask WatchDeviceAsync(Session session, Caller caller, CancellationToken cancellationToken)
    {
        if (!options.WatchDevices || session.Device is not { } device)
        {
            return;
        }

        var name = DevicesName(session.Tenant, session.Subject!);
        while (true)
        {
            var stored = await store.ReadDocumentAsync(name, cancellationToken);
            var known = stored is { Content.Length: > 0 } ? KnownDevices.Decode(stored.Content.Span) : KnownDevices.None;
            var (verdict, next) = known.See(device, session.CreatedAt, options.LongAbsence);
            if (!known.Devices.SequenceEqual(next.Devices)
                && !await store.WriteDocumentAsync(name, next.Encode(), stored?.Version ?? 0, cancellationToken))
            {
                continue;
            }

            if (verdict != DeviceVerdict.Known)
            {
                var type = verdict == DeviceVerdict.New ? SessionEventType.NewDevice : SessionEventType.LongAbsent;
                await events.RecordAsync(Event(type, session.Tenant, caller) with
                {
                    Subject = session.Subject,
                    Handle = session.Handle,
                    Reason = string.Join(", ", new[] { device.Name ?? UserAgent.Parse(device.UserAgent).ToString(), device.Place }.OfType<string>()),
                });
            }

            return;
        }
    }

    private static string DevicesName(string tenant, string subject) =>
        "devices." + Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Length}:{tenant}{subject}")));
}
