using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Server.Tests.Api;

/// <summary>What is malformed is refused by name, and changes nothing.</summary>
public sealed class BadInputTests
{
    /// <summary>Every endpoint that reads a body.</summary>
    public static TheoryData<string, string> Bodies => new()
    {
        { "POST", "/v1/sessions" }, { "POST", "/v1/verify" }, { "POST", "/v1/sessions/{sid}/elevate" },
        { "POST", "/v1/refresh" }, { "PATCH", "/v1/sessions/{sid}/data" }, { "POST", "/v1/activity" }, { "POST", "/v1/events" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    [Requirement("ER-01", "HP-12")]
    public async Task A_body_that_is_missing_too_large_or_no_JSON_object_is_refused(string method, string path)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        var (address, verb) = (path.Replace("{sid}", session.Sid, StringComparison.Ordinal), new HttpMethod(method));
        (string Body, int Status)[] bodies =
        [
            ("", 400), ("   ", 400), ("{", 400), ("nonsense", 400), ("[]", 400), ("\"text\"", 400), ("null", 400), ("""{ "acr": "a", "acr": "b" }""", 400),
            ("{}{}", 400), (new string('[', 100), 400), ($$"""{ "x": "{{new string('x', 70_000)}}" }""", 413),
        ];
        foreach (var (body, status) in bodies)
        {
            AssertRefused(status, await server.First.PostTextAsync(address, body, method: verb));
        }

        AssertRefused(415, await server.First.PostTextAsync(address, "{}", "text/plain", verb));
        AssertRefused(415, await server.First.PostTextAsync(address, "a=b", "application/x-www-form-urlencoded", verb));
        AssertRefused(400, await server.First.SendAsync(verb, address));
        Assert.Single((await server.First.GetAsync("/v1/sessions")).Json.GetProperty("sessions").EnumerateArray());
        Assert.Equal("{}", (await server.First.GetAsync($"/v1/sessions/{session.Sid}/data")).Text);
    }

    [Theory]
    [InlineData("/v1/sessions", """{ "subject": "ada", "remembre": true }""", "remembre is not known")]
    [InlineData("/v1/sessions", """{ }""", "subject is the id of the user")]
    [InlineData("/v1/sessions", """{ "subject": "" }""", "subject")]
    [InlineData("/v1/sessions", """{ "subject": 7 }""", "subject is not a string")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "remember": "yes" }""", "remember is neither true nor false")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "amr": "pwd" }""", "amr is not an array")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "amr": ["pwd", 7] }""", "amr[1] is not a string")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "claims": { "role": 7 } }""", "claims.role is neither a string nor an array of strings")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "claims": { "role": ["a", 7] } }""", "claims.role")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "claims": [] }""", "claims is not an object")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "device": { "ip": "somewhere" } }""", "device.ip is not a network address")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "device": { "os": "x" } }""", "device.os is not known")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "transport": "pigeon" }""", "cookie, tokens, token-cookies")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "data": { "holdfast.x": 1 } }""", "holdfast.")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "replaces": "the last one" }""", "replaces is the sid of a session")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "auth_path": "auth" }""", "auth_path begins with '/'")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "auth_path": "/; domain=example.org" }""", "auth_path")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "auth_path": "/a\u0000" }""", "auth_path")]
    [InlineData("/v1/sessions", """{ "subject": "ada", "auth_path": "/a\r\nset-cookie: x" }""", "auth_path")]
    [InlineData("/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA/elevate", """{ "auth_path": "" }""", "auth_path")]
    [InlineData("/v1/refresh", """{ "from": "body" }""", "refresh_token is missing")]
    [InlineData("/v1/refresh", """{ "refresh_token": "hfr_x" }""", "from is body or cookie")]
    [InlineData("/v1/refresh", """{ "refresh_token": "hfr_x", "from": "url" }""", "from is body or cookie")]
    [InlineData("/v1/refresh", """{ "refresh_token": "hfr_x", "from": "cookie", "auth_path": "/a b" }""", "auth_path")]
    [InlineData("/v1/refresh", """{ "refresh_token": "hfr_x", "from": "body", "device": { "ip": "somewhere" } }""", "device.ip")]
    [InlineData("/v1/verify", """{ "access_token": "a", "refresh_token": "b" }""", "one of cookie and access_token")]
    [InlineData("/v1/verify", """{ }""", "one of cookie and access_token")]
    [InlineData("/v1/verify", """{ "cookie": "a", "access_token": "b" }""", "one of cookie and access_token")]
    [InlineData("/v1/verify", """{ "cookie": { } }""", "cookie is not a string")]
    [InlineData("/v1/activity", """{ "seen": [{ "sid": "short" }] }""", "sid")]
    [InlineData("/v1/activity", """{ "seen": [{ "sid": "AAAAAAAAAAAAAAAAAAAAAA", "at": "yesterday" }] }""", "seen[0].at is not a time")]
    [InlineData("/v1/activity", """{ "confirmed": [{ "sid": "AAAAAAAAAAAAAAAAAAAAAA" }] }""", "generation")]
    [InlineData("/v1/activity", """{ "confirmed": [{ "sid": "AAAAAAAAAAAAAAAAAAAAAA", "generation": 1.5 }] }""", "confirmed[0].generation is not a whole number")]
    [InlineData("/v1/events", """{ "type": "session.created", "reason": "x" }""", "type is sign_in.failed or csrf.refused")]
    [InlineData("/v1/events", """{ "type": "sign_in.failed", "reason": "two words" }""", "reason")]
    public async Task What_is_wrong_is_named(string path, string body, string expected)
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.First.PostTextAsync(path, body);
        AssertRefused(400, answer);
        Assert.Contains(expected, answer["detail"], StringComparison.Ordinal);
        Assert.DoesNotContain("Holdfast.", answer["detail"]!.Replace("holdfast.", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_claims_and_too_long_names_are_refused_in_words()
    {
        await using var server = await RunningServer.StartAsync();
        AssertRefused(400, await server.First.PostAsync("/v1/sessions", new { subject = new string('x', 257) }));
        AssertRefused(400, await server.First.PostAsync("/v1/sessions", new { subject = "ada", claims = new { big = new string('x', 5000) } }));
        AssertRefused(400, await server.First.PostAsync("/v1/activity", new { seen = Enumerable.Repeat(new { sid = "AAAAAAAAAAAAAAAAAAAAAA" }, 501) }));
        AssertRefused(400, await server.First.GetAsync($"/v1/subjects/{new string('x', 257)}/sessions"));
        AssertRefused(400, await server.First.GetAsync("/v1/subjects/%FF/sessions"));
        AssertRefused(400, await server.First.GetAsync("/v1/sessions?cursor=made.up"));
        AssertRefused(400, await server.First.PostAsync("/v1/sessions", new { subject = "ada", auth_path = "/" + new string('x', 256) }));
    }

    [Theory]
    [InlineData("?reason=expired")]
    [InlineData("?reason=")]
    [InlineData("?reason=Revoked")]
    [InlineData("?reason=revoked&reason=signed_out")]
    public async Task A_reason_that_no_application_has_ends_nothing(string query)
    {
        await using var server = await RunningServer.StartAsync();
        var session = await server.First.SignInAsync();
        foreach (var path in new[] { $"/v1/sessions/{session.Sid}{query}", $"/v1/subjects/ada/sessions{query}" })
        {
            var answer = await server.First.DeleteAsync(path);
            AssertRefused(400, answer);
            Assert.Contains("signed_out, ended_by_user, revoked", answer["detail"], StringComparison.Ordinal);
        }

        Assert.Equal("live", (await server.First.VerifyCookieAsync(session.Cookie))["status"]);
    }

    [Theory]
    [InlineData("PUT", "/v1/sessions", "GET, POST")]
    [InlineData("GET", "/v1/verify", "POST")]
    [InlineData("POST", "/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA", "DELETE, GET")]
    [InlineData("GET", "/oauth2/token", "POST")]
    [InlineData("TRACE", "/v1/sessions", "GET, POST")]
    [InlineData("POST", "/.well-known/jwks.json", "GET")]
    [Requirement("HP-12")]
    public async Task Another_method_gets_405_with_those_that_are_allowed(string method, string path, string allowed)
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.First.SendAsync(new HttpMethod(method), path);
        Assert.Equal((405, "application/problem+json"), (answer.Status, answer.MediaType));
        Assert.Equal(allowed, string.Join(", ", answer.Header("Allow")!.Split(", ").Order()));
    }

    [Theory]
    [InlineData("/v1/nothing")]
    [InlineData("/nothing")]
    [InlineData("/v1/sessions/not-a-handle")]
    [InlineData("/v1/audit")]
    [InlineData("/dashboard")]
    public async Task Where_nothing_is_the_answer_is_a_problem_as_well(string path)
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.First.GetAsync(path);
        Assert.Equal((404, "not_found", "application/problem+json"), (answer.Status, answer.Reason, answer.MediaType));
    }

    [Fact]
    [Requirement("HP-12")]
    public async Task Headers_beyond_their_limit_are_refused_before_anything_reads_them()
    {
        await using var server = await RunningServer.StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {new string('x', 40_000)}\r\n\r\n"));
        using var reader = new StreamReader(stream);
        Assert.Equal("HTTP/1.1 431 Request Header Fields Too Large", await reader.ReadLineAsync());
    }

    [Fact]
    [Requirement("HP-13")]
    public async Task Every_answer_carries_the_security_headers()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var path in new[] { "/v1/sessions", "/nothing", "/.well-known/jwks.json", "/healthz", "/openapi/v1.json" })
        {
            var answer = await server.First.GetAsync(path);
            Assert.Equal(("nosniff", "no-referrer"), (answer.Header("X-Content-Type-Options"), answer.Header("Referrer-Policy")));
            Assert.Equal("default-src 'none'; frame-ancestors 'none'; base-uri 'none'", answer.Header("Content-Security-Policy"));
        }
    }

    [Fact]
    [Requirement("ER-05")]
    public async Task What_nobody_foresaw_is_a_500_without_internals_and_one_log_line()
    {
        await using var server = await RunningServer.StartAsync();
        await server.Store.WriteDocumentAsync("applications", "broken"u8.ToArray(), 1, CancellationToken.None);
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        var answer = await server.First.GetAsync("/v1/sessions");
        Assert.Equal((500, "server_error"), (answer.Status, answer.Reason));
        Assert.DoesNotContain("Json", answer.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Single(server.Log.Lines, line => line.StartsWith("Error 1100", StringComparison.Ordinal));
    }

    private static void AssertRefused(int status, ApiAnswer answer)
    {
        Assert.Equal((status, "invalid_request", "application/problem+json"), (answer.Status, answer.Reason, answer.MediaType));
        Assert.Equal(status, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal("urn:holdfast:reason:invalid_request", answer["type"]);
    }
}
