using System.Collections.Immutable;
using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.AspNetCore.Transport;
using Holdfast.Devices;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Api;

/// <summary>The engine's records in the words of the API.</summary>
internal static class ApiRecords
{
    public static SessionDetail Of(Session session, DateTimeOffset now)
    {
        var assurance = SessionPolicy.AssuranceAt(session, now);
        return new SessionDetail
        {
            Sid = session.Handle.ToString(),
            Subject = session.Subject,
            Tenant = session.Tenant,
            Client = session.Client,
            Transport = Transports.Name(session.Transport),
            Remembered = session.Remembered,
            CreatedAt = session.CreatedAt,
            LastSeenAt = session.LastSeenAt,
            IdleExpiresAt = SessionPolicy.IdlesOutAt(session),
            ExpiresAt = session.ExpiresAt,
            AuthTime = assurance.AuthTime,
            Acr = assurance.Acr,
            Amr = [.. assurance.Amr],
            Cv = session.CredentialVersion,
            Epoch = session.Epoch,
            Generation = session.Refresh?.Generation,
            Claims = session.Claims.IsEmpty ? null : session.Claims.GroupBy(claim => claim.Type)
                .ToDictionary(group => group.Key, group => new ClaimValues([.. group.Select(claim => claim.Value)])),
            Device = session.Device is { } device ? SessionEndpoints.ToRecord(device) : null,
        };
    }

    public static SessionPageRecord Of(IEnumerable<Session> sessions, string? nextCursor, DateTimeOffset now) =>
        new([.. sessions.Select(session => Of(session, now))], nextCursor);

    /// <param name="context">The request.</param>
    /// <param name="session">The session.</param>
    /// <param name="credentials">What its holder receives.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="authPath">Where the application serves <c>/auth</c>; null for where this server does.</param>
    public static CredentialsResponse Of(HttpContext context, Session session, Credentials credentials, DateTimeOffset now, string? authPath) => new()
    {
        Session = Of(session, now),
        Cookies = [.. CookieRules.Of(session, credentials, now, authPath ?? Service<AuthPath>(context).Value, Service<HoldfastWebOptions>(context).SameSite).Select(Of)],
        Tokens = session.Transport == SessionTransport.Tokens ? Answers.Tokens(credentials, now) : null,
    };

    public static CookieRecord Of(CookieLine line) => new(line.Name, line.Value, line.Header);

    public static ImmutableArray<SessionClaim> ClaimsOf(CreateSessionRequest request) => request.Claims is null ? [] :
        [.. request.Claims.SelectMany(claim => claim.Value.Values.Select(value => new SessionClaim(claim.Key, value)))];

    public static Device? DeviceOf(DeviceRequest? device, HoldfastWebOptions options)
    {
        if (device is null or { UserAgent: null, Ip: null })
        {
            return null;
        }

        var agent = Auditing.SessionEvents.OneLine(device.UserAgent);
        var place = device.Ip is { } ip && System.Net.IPAddress.TryParse(ip, out var address) ? options.PlaceOf?.Invoke(address) : null;
        return new Device(agent, device.Ip) { Name = UserAgent.Parse(agent).ToString(), Place = Auditing.SessionEvents.OneLine(place) };
    }

    private static T Service<T>(HttpContext context)
        where T : notnull => context.RequestServices.GetRequiredService<T>();
}
