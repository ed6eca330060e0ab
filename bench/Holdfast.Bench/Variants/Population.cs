using System.Collections.Immutable;
using System.Security.Claims;
using System.Text;
using Holdfast.Devices;
using Holdfast.Limits;
using Holdfast.Tokens;

namespace Holdfast.Bench.Variants;

/// <summary>Many live sessions with known cookies: signed in straight at the store, then each checked once, which fills whatever cache there is.</summary>
internal static class Population
{
    public const int Million = 1_000_000;

    /// <summary>How many of them the load generator presents, in turn.</summary>
    public const int Presented = 20_000;

    // Stores work best on many requests at once: they are sent together, or committed together.
    private const int AtOnce = 512;

    /// <summary>Signs in <paramref name="count"/> users, and answers the headers that the presented ones send, by line.</summary>
    public static async Task<string> SignInAsync(IServiceProvider services, int count)
    {
        var manager = services.GetRequiredService<SessionManager>();
        var headers = new string?[Math.Min(count, Presented)];
        await CreateAsync(services, 1, count, async (number, cookie) =>
        {
            var check = await manager.CheckCookieAsync(cookie.ToText().Reveal(), SessionPolicy.DefaultTenant, renew: false, Caller.Application, CancellationToken.None);
            if (check.Session is null)
            {
                throw new InvalidOperationException($"A new session was refused: {check.Refusal}.");
            }

            if (number <= headers.Length)
            {
                headers[number - 1] = $"Cookie: {SessionCookie.Name}={cookie.ToText().Reveal()}";
            }
        });
        return string.Join('\n', headers);
    }

    /// <summary>Creates the sessions numbered from <paramref name="first"/> on, one for each subject.</summary>
    public static async Task CreateAsync(IServiceProvider services, int first, int count, Func<int, SessionCookie, ValueTask>? created = null)
    {
        var (store, keys) = (services.GetRequiredService<ISessionStore>(), services.GetRequiredService<MasterKeys>());
        var next = first - 1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, count)).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var number && number < first + count)
            {
                var subject = Endpoints.SubjectOf(number);
                var reading = await store.ReadSubjectAsync(SessionPolicy.DefaultTenant, subject, CancellationToken.None);
                var session = Of(subject, reading, keys, out var cookie);
                await store.CreateAsync(new NewSession(session, NoData, SessionLimit.None), CancellationToken.None);
                if (created is not null)
                {
                    await created(number, cookie);
                }
            }
        })));
    }

    private static readonly ImmutableDictionary<string, ReadOnlyMemory<byte>> NoData = ImmutableDictionary<string, ReadOnlyMemory<byte>>.Empty;

    private static Session Of(string subject, SubjectReading reading, MasterKeys keys, out SessionCookie cookie)
    {
        var handle = SessionHandle.New(reading.Partition);
        cookie = SessionCookie.New(keys, handle);
        return new Session
        {
            Handle = handle,
            Tenant = SessionPolicy.DefaultTenant,
            Subject = subject,
            Version = 1,
            Epoch = reading.Epoch,
            Transport = SessionTransport.Cookie,
            CreatedAt = reading.Now,
            LastSeenAt = reading.Now,
            IdleTimeout = TimeSpan.FromDays(1),
            ExpiresAt = reading.Now + TimeSpan.FromDays(7),
            Assurance = new Assurance(reading.Now, null, ["pwd"]),
            Cookie = CookieRenewal.First(cookie, reading.Now),
            Claims = [new SessionClaim(ClaimTypes.NameIdentifier, subject), new SessionClaim(ClaimTypes.Name, "Ada Lovelace"), new SessionClaim(ClaimTypes.Email, "ada@example.com")],
            Device = new Device("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "192.0.2.7") { Name = "Firefox on Linux" },
        };
    }
}
