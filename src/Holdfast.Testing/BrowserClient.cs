using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using Holdfast.Devices;
using Holdfast.Tokens;

namespace Holdfast.Testing;

/// <summary>
/// An HTTP client that behaves as a browser does towards cookies and origins: it keeps Secure cookies on loopback, honours Path, Max-Age
/// and the host, and says with every request which page made it. The platform's own cookie container does not send Secure cookies there.
/// </summary>
public sealed class BrowserClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Dictionary<string, BrowserCookie> _jar = new(StringComparer.Ordinal);
    private readonly Uri _home;
    private readonly TimeProvider _clock;

    /// <summary>A browser whose pages are those of <paramref name="home"/>.</summary>
    public BrowserClient(Uri home, TimeProvider clock)
        : this(home, clock, new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
    {
    }

    /// <summary>The same against a server without a socket: <c>new BrowserClient(server.BaseAddress, clock, server.CreateHandler())</c>.</summary>
    public BrowserClient(Uri home, TimeProvider clock, HttpMessageHandler handler)
    {
        (_home, _clock, _http) = (home, clock, new HttpClient(handler) { BaseAddress = home });
        UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    }

    /// <summary>The cookies that it holds now, by name.</summary>
    public IReadOnlyDictionary<string, BrowserCookie> Cookies => _jar;

    /// <summary>What it calls itself.</summary>
    public string UserAgent { get; set; }

    /// <summary>The value of <c>Sec-Fetch-Site</c>; null sends none. Default: <c>same-origin</c>.</summary>
    public string? FetchSite { get; set; } = "same-origin";

    /// <summary>The origin of the page that makes the requests; null sends none. Default: the home's own.</summary>
    public string? Origin { get; set; } = "";

    /// <summary>Sends what a page would send. State-changing methods carry Origin.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        var target = new Uri(_home, request.RequestUri!);
        var cookies = string.Join("; ", _jar.Values.Where(cookie => cookie.BelongsTo(target, _clock.GetUtcNow())).Select(cookie => $"{cookie.Name}={cookie.Value}"));
        if (cookies.Length > 0 && !request.Headers.Contains("Cookie"))
        {
            request.Headers.Add("Cookie", cookies);
        }

        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        if (FetchSite is not null)
        {
            request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", FetchSite);
        }

        if (Origin is not null && request.Method != HttpMethod.Get)
        {
            request.Headers.TryAddWithoutValidation("Origin", Origin.Length > 0 ? Origin : _home.GetLeftPart(UriPartial.Authority));
        }

        var response = await _http.SendAsync(request);
        foreach (var line in response.Headers.TryGetValues("Set-Cookie", out var lines) ? lines : [])
        {
            Keep(BrowserCookie.Parse(line, _clock.GetUtcNow()));
        }

        return response;
    }

    /// <summary>GET.</summary>
    public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Sends JSON with a CSRF token, fetched before as a page does it.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, object? body = null, HttpMethod? method = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-CSRF-Token", await CsrfTokenAsync());
        return await SendAsync(request);
    }

    /// <summary>Sends a form as it is: without a token, unless one is among the fields.</summary>
    public Task<HttpResponseMessage> PostFormAsync(string path, params (string Name, string Value)[] fields) => SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))) });

    /// <summary>A CSRF token for this browser.</summary>
    public async Task<string> CsrfTokenAsync()
    {
        using var response = await GetAsync("/auth/csrf");
        using var json = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("token").GetString()!;
    }

    /// <summary>
    /// Signs somebody in without the application's sign-in page: a session as any other, and this browser holds its cookie.
    /// </summary>
    /// <param name="services">The application's services: <c>factory.Services</c>.</param>
    /// <param name="subject">The user's id.</param>
    /// <param name="claims">More of the principal: <c>("role", "admin")</c>.</param>
    /// <exception cref="InvalidOperationException">The limit of sessions refuses it.</exception>
    public async Task<Session> SignInAs(IServiceProvider services, string subject, params (string Type, string Value)[] claims)
    {
        var sessions = (SessionManager?)services.GetService(typeof(SessionManager))
            ?? throw new InvalidOperationException("These are not the services of an application that called AddHoldfast.");
        var result = await sessions.SignInAsync(
            new SignIn
            {
                Subject = subject,
                Claims = [new SessionClaim(ClaimTypes.Name, subject), .. claims.Select(claim => new SessionClaim(claim.Type, claim.Value))],
                Amr = ["test"],
                Device = new Device(UserAgent, null),
            },
            Caller.Application,
            CancellationToken.None);
        var session = result.Session ?? throw new InvalidOperationException($"{subject} was not signed in: {result.Status}.");
        Keep(new BrowserCookie(SessionCookie.Name, result.Credentials!.Cookie!.Reveal(), "/", true, true, "lax", null, null));
        return session;
    }

    /// <summary>Plants a cookie, as an attacker on a sister host might.</summary>
    public void Plant(BrowserCookie cookie) => _jar[cookie.Name] = cookie;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private void Keep(BrowserCookie cookie)
    {
        if (cookie.Expires <= _clock.GetUtcNow())
        {
            _jar.Remove(cookie.Name);
        }
        else
        {
            _jar[cookie.Name] = cookie;
        }
    }
}

/// <summary>A cookie as a browser keeps it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Path">The path that it belongs to.</param>
/// <param name="Secure">Whether only HTTPS (or this machine) gets it.</param>
/// <param name="HttpOnly">Whether scripts cannot read it.</param>
/// <param name="SameSite">Its SameSite attribute in lower case; null if it has none.</param>
/// <param name="Domain">Its Domain attribute; null if it has none.</param>
/// <param name="Expires">When the browser drops it; null when it closes.</param>
public sealed record BrowserCookie(
    string Name, string Value, string Path, bool Secure, bool HttpOnly, string? SameSite, string? Domain, DateTimeOffset? Expires)
{
    /// <summary>Reads a Set-Cookie line; the prefixes are enforced as browsers do.</summary>
    /// <exception cref="InvalidOperationException">A browser would drop it.</exception>
    public static BrowserCookie Parse(string line, DateTimeOffset now)
    {
        var parts = line.Split(';', StringSplitOptions.TrimEntries);
        var pair = parts[0].Split('=', 2);
        var attributes = parts.Skip(1).Select(part => part.Split('=', 2)).ToDictionary(
            part => part[0].ToLowerInvariant(), part => part.Length > 1 ? part[1] : "", StringComparer.Ordinal);
        var cookie = new BrowserCookie(
            pair[0],
            pair[1],
            attributes.GetValueOrDefault("path", "/"),
            attributes.ContainsKey("secure"),
            attributes.ContainsKey("httponly"),
            attributes.GetValueOrDefault("samesite")?.ToLowerInvariant(),
            attributes.GetValueOrDefault("domain"),
            attributes.TryGetValue("max-age", out var age) ? now.AddSeconds(long.Parse(age, System.Globalization.CultureInfo.InvariantCulture)) : null);
        var host = !cookie.Name.StartsWith("__Host-", StringComparison.Ordinal) || (cookie is { Path: "/", Domain: null });
        var http = !cookie.Name.StartsWith("__Host-Http-", StringComparison.Ordinal) || cookie.HttpOnly;
        var prefixed = !cookie.Name.StartsWith("__", StringComparison.Ordinal) || cookie.Secure;
        return host && http && prefixed && pair[0].Length + pair[1].Length <= 4096
            ? cookie : throw new InvalidOperationException($"A browser drops the cookie {cookie.Name}.");
    }

    /// <summary>Whether a request to <paramref name="target"/> carries it.</summary>
    public bool BelongsTo(Uri target, DateTimeOffset now) =>
        (Expires is null || Expires > now) && (!Secure || target.Scheme == "https" || target.IsLoopback)
        && (target.AbsolutePath == Path || target.AbsolutePath.StartsWith(Path.TrimEnd('/') + "/", StringComparison.Ordinal));
}
