using System.Collections.Immutable;
using System.Text;
using Holdfast.Devices;
using Holdfast.Limits;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast.Testing;

/// <summary>Records as tests need them: complete, live for half an hour unless used, for twelve hours at most.</summary>
public static class TestSessions
{
    /// <summary>The tenant that is meant unless another is named.</summary>
    public const string Tenant = SessionPolicy.DefaultTenant;

    /// <summary>The user that is meant unless another is named.</summary>
    public const string Ada = "ada";

    /// <summary>How long these sessions may go unused.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    /// <summary>How long they last at all.</summary>
    public static readonly TimeSpan Absolute = TimeSpan.FromHours(12);

    /// <summary>A cookie session from what a store answered about its subject.</summary>
    public static Session Cookie(SubjectReading reading, string? subject = Ada, string tenant = Tenant) => new()
    {
        Handle = SessionHandle.New(reading.Partition),
        Tenant = tenant,
        Subject = subject,
        Version = 1,
        Epoch = reading.Epoch,
        Transport = SessionTransport.Cookie,
        CreatedAt = reading.Now,
        LastSeenAt = reading.Now,
        IdleTimeout = Idle,
        ExpiresAt = reading.Now + Absolute,
        Assurance = subject is null ? Assurance.None : new Assurance(reading.Now, "aal1", ["pwd"]),
        Cookie = new CookieLineage(SomeDigest(), null, 0, 7, reading.Now, null),
        Claims = [new SessionClaim("name", "Ada Lovelace")],
        Device = new Device("Test/1.0", "127.0.0.1"),
    };

    /// <summary>The same, with refresh tokens instead of a cookie.</summary>
    public static Session Tokens(SubjectReading reading, string subject = Ada) => Cookie(reading, subject) with
    {
        Transport = SessionTransport.Tokens,
        Cookie = null,
        Refresh = new RefreshLineage(1, SomeDigest(), null, 7, reading.Now, 0),
    };

    /// <summary>A request to insert it, with first data and a limit.</summary>
    public static NewSession New(Session session, SessionLimit? limit = null, params (string Field, string Value)[] data) => new(
        session, data.ToImmutableDictionary(field => field.Field, field => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(field.Value)), limit ?? SessionLimit.None);

    /// <summary>The digest of something that nobody else has.</summary>
    public static Digest SomeDigest() => Digest.Of(Secret.New().Reveal());
}
