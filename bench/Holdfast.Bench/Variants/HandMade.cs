using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Bench.Variants;

/// <summary>
/// The least that could be done, as the reference: a digest, a dictionary, and the user. It cannot expire, revoke or renew anything.
/// </summary>
internal static class HandMade
{
    public static Variant Cookie { get; } = new("Hand-made, cookie", Add, app => Use(app, "Cookie: sid=", 1));

    public static Variant Token { get; } = new("Hand-made, token of 640 characters", Add, app => Use(app, "Authorization: Bearer ", 1));

    public static Variant Many { get; } = new("Hand-made, 20,000 cookies of a million", Add, app => Use(app, "Cookie: sid=", Population.Million)) { InProcess = false };

    private static void Add(WebApplicationBuilder builder, Backing backing) => builder.Services.AddSingleton<HandMadeSessions>();

    private static void Use(WebApplication app, string header, int count)
    {
        var sessions = app.Services.GetRequiredService<HandMadeSessions>();
        var length = header[0] == 'C' ? 49 : 480;
        var credentials = Enumerable.Range(1, count).Select(number =>
        {
            var text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(length));
            sessions.Add(text, Endpoints.SubjectOf(number));
            return number <= Population.Presented ? header + text : null;
        }).ToArray().OfType<string>();
        var answer = string.Join('\n', credentials);
        app.UseMiddleware<HandMadeMiddleware>();
        app.MapSubject();
        app.MapPost("/sign-in", () => answer);
    }
}

/// <summary>The sessions, by the digest of their credential.</summary>
internal sealed class HandMadeSessions
{
    private readonly ConcurrentDictionary<Key, Entry> _sessions = new();

    public void Add(string credential, string subject) => _sessions[KeyOf(credential)] = new Entry(subject);

    public ClaimsPrincipal? Find(ReadOnlySpan<char> credential) => _sessions.TryGetValue(KeyOf(credential), out var entry) ? entry.User : null;

    private static Key KeyOf(ReadOnlySpan<char> credential)
    {
        Span<byte> text = stackalloc byte[1024];
        Key key = default;
        SHA256.HashData(text[..Encoding.ASCII.GetBytes(credential, text)], MemoryMarshal.AsBytes(new Span<Key>(ref key)));
        return key;
    }

    // A digest is evenly spread already.
    private readonly record struct Key(UInt128 High, UInt128 Low)
    {
        public override int GetHashCode() => (int)(ulong)High;
    }

    private sealed class Entry(string subject)
    {
        private ClaimsPrincipal? _user;

        public ClaimsPrincipal User => _user ??= new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, subject)], "bench"));
    }
}

internal sealed class HandMadeMiddleware(RequestDelegate next, HandMadeSessions sessions)
{
    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var credential = headers.Authorization.Count == 1 ? headers.Authorization[0].AsSpan()["Bearer ".Length..]
            : headers.Cookie.Count == 1 ? headers.Cookie[0].AsSpan()["sid=".Length..] : default;
        if (!credential.IsEmpty && sessions.Find(credential) is { } user)
        {
            context.User = user;
        }

        return next(context);
    }
}
