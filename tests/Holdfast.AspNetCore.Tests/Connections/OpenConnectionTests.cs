using System.Net.WebSockets;
using System.Security.Claims;
using Holdfast.AspNetCore.Connections;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.AspNetCore.Tests.Connections;

/// <summary>Connections that stay open end when their session does.</summary>
public sealed class OpenConnectionTests
{
    public static TheoryData<string> Endings => ["signed out elsewhere", "all ended", "everyone ended", "signed in again"];

    [Theory]
    [MemberData(nameof(Endings))]
    [Requirement("LO-03")]
    public async Task A_web_socket_is_cut_when_its_session_ends(string how)
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        using var socket = await OpenSocketAsync(app, browser);
        Assert.Equal("hello ada", await ReadAsync(socket));
        await EndAsync(app, browser, how);
        await Assert.ThrowsAnyAsync<WebSocketException>(() => ReadAsync(socket));
    }

    [Fact]
    public async Task Another_users_and_the_surviving_sessions_connections_stay()
    {
        await using var app = await StartAsync();
        using var ada = await app.SignedInAsync();
        using var elsewhere = await app.SignedInAsync();
        using var bob = await app.SignedInAsync("bob");
        using var kept = await OpenSocketAsync(app, ada);
        using var cut = await OpenSocketAsync(app, elsewhere);
        using var other = await OpenSocketAsync(app, bob);
        Assert.All(await Task.WhenAll(ReadAsync(kept), ReadAsync(cut), ReadAsync(other)), Assert.NotEmpty);
        (await ada.PostAsync("/auth/logout", new { scope = "others" })).EnsureSuccessStatusCode();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => ReadAsync(cut));
        Assert.Equal(2, app.Service<OpenConnections>().Count);
        Assert.Equal((WebSocketState.Open, WebSocketState.Open), (kept.State, other.State));
    }

    [Theory]
    [InlineData("https://evil.example", null, false)]
    [InlineData("null", null, false)]
    [InlineData("http://127.0.0.1:1", "same-site", false)]
    [InlineData(null, null, true)]
    [InlineData("own", "same-origin", true)]
    [Requirement("CSRF-04")]
    public async Task A_web_socket_with_our_cookie_opens_from_our_own_pages_alone(string? origin, string? fetchSite, bool opens)
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", Hubs.CookieOf(browser));
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin == "own" ? app.Address.GetLeftPart(UriPartial.Authority) : origin);
        }

        if (fetchSite is not null)
        {
            socket.Options.SetRequestHeader("Sec-Fetch-Site", fetchSite);
        }

        var connecting = socket.ConnectAsync(new UriBuilder(app.Address) { Scheme = "ws", Path = "/socket" }.Uri, CancellationToken.None);
        Assert.Equal(opens, await Record.ExceptionAsync(() => connecting) is null);
    }

    [Theory]
    [InlineData("same-origin", System.Net.HttpStatusCode.OK)]
    [InlineData("same-site", System.Net.HttpStatusCode.Forbidden)]
    [InlineData("cross-site", System.Net.HttpStatusCode.Forbidden)]
    [Requirement("CSRF-04")]
    public async Task A_hub_is_negotiated_without_a_token_from_our_own_pages_alone(string fetchSite, System.Net.HttpStatusCode expected)
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        browser.FetchSite = fetchSite;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/chat/negotiate?negotiateVersion=1");
        Assert.Equal(expected, (await browser.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task A_connection_that_opens_while_the_store_falls_silent_is_not_left_behind()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        var sid = await Answer.TextAsync(await browser.GetAsync("/auth/session"), "sid");
        Assert.True(SessionHandle.TryParse(sid, out var handle));
        app.Store.Silent = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
            await app.Service<OpenConnections>().AddAsync(handle, "default", "ada", () => { }, CancellationToken.None));
        Assert.Equal(0, app.Service<OpenConnections>().Count);
    }

    [Fact]
    [Requirement("LO-03")]
    public async Task A_stream_of_server_sent_events_is_cut()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        using var client = new HttpClient { BaseAddress = app.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Cookie", Hubs.CookieOf(browser));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("data: hello", await reader.ReadLineAsync());
        await EndAsync(app, browser, "signed out elsewhere");
        await Assert.ThrowsAnyAsync<IOException>(reader.ReadToEndAsync);
    }

    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    [Requirement("LO-03")]
    public async Task A_hub_connection_is_cut_whatever_its_transport_and_cannot_come_back(HttpTransportType transport)
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        var (hub, closed) = Hubs.Of(app.Address, browser, transport);
        await using var disposed = hub;
        await hub.StartAsync();
        Assert.Equal("ada", await hub.InvokeAsync<string>("WhoAmI"));
        await EndAsync(app, browser, "signed out elsewhere");
        await closed;
        Assert.Contains("401", (await Assert.ThrowsAnyAsync<Exception>(() => hub.StartAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Requirement("TO-03")]
    public async Task Calls_on_a_hub_keep_the_session_and_silence_lets_it_idle_out_and_cuts_it()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        var (hub, closed) = Hubs.Of(app.Address, browser, HttpTransportType.WebSockets);
        await using var disposed = hub;
        await hub.StartAsync();
        for (var quarter = 0; quarter < 4; quarter++)
        {
            app.Clock.Advance(TimeSpan.FromMinutes(15));
            await hub.InvokeAsync<string>("WhoAmI");
            await app.Service<TouchBuffer>().FlushAsync(CancellationToken.None);
            await app.Service<OpenConnections>().LookAsync(CancellationToken.None);
        }

        Assert.Equal(HubConnectionState.Connected, hub.State);
        app.Clock.Advance(TimeSpan.FromMinutes(31));
        await app.Service<OpenConnections>().LookAsync(CancellationToken.None);
        await closed;
    }

    [Fact]
    public async Task A_store_that_stays_silent_cuts_rather_than_trusts()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        using var socket = await OpenSocketAsync(app, browser);
        await ReadAsync(socket);
        app.Store.Silent = true;
        app.Clock.Advance(OpenConnections.Patience);
        await app.Service<OpenConnections>().LookAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<WebSocketException>(() => ReadAsync(socket));
        Assert.Equal(0, app.Service<OpenConnections>().Count);
    }

    [Fact]
    public async Task A_circuits_user_is_judged_by_the_session_and_not_by_the_principal()
    {
        await using var app = await StartAsync();
        using var browser = await app.SignedInAsync();
        var sid = await Answer.TextAsync(await browser.GetAsync("/auth/session"), "sid");
        using var circuit = new CircuitSessions(NullLoggerFactory.Instance, app.Sessions);
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(HoldfastDefaults.SessionClaim, sid!)], "Holdfast"));
        Assert.True(await circuit.IsLiveAsync(user, CancellationToken.None));
        await EndAsync(app, browser, "signed out elsewhere");
        Assert.False(await circuit.IsLiveAsync(user, CancellationToken.None));
    }

    private static async Task EndAsync(TestApp app, BrowserClient browser, string how)
    {
        switch (how)
        {
            case "signed out elsewhere":
                (await browser.PostAsync("/auth/logout")).EnsureSuccessStatusCode();
                break;
            case "all ended":
                await app.Sessions.EndAllAsync("default", "ada", null, EndReason.Revoked, Caller.Application, CancellationToken.None);
                break;
            case "everyone ended":
                await app.Sessions.EndEveryoneAsync("default", Caller.Application, CancellationToken.None);
                break;
            default:
                (await browser.PostAsync("/sign-in/ada")).EnsureSuccessStatusCode();
                break;
        }
    }

    private static async Task<ClientWebSocket> OpenSocketAsync(TestApp app, BrowserClient browser)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", Hubs.CookieOf(browser));
        await socket.ConnectAsync(new UriBuilder(app.Address) { Scheme = "ws", Path = "/socket" }.Uri, CancellationToken.None);
        return socket;
    }

    private static async Task<string> ReadAsync(ClientWebSocket socket)
    {
        var buffer = new byte[256];
        var read = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        return System.Text.Encoding.UTF8.GetString(buffer, 0, read.Count);
    }

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(
        build: builder => builder.Services.AddSignalR(),
        before: app => app.UseWebSockets(),
        map: app =>
        {
            app.MapHub<Chat>("/chat");
            app.MapGet("/socket", async (HttpContext http, ClaimsPrincipal me) =>
            {
                using var socket = await http.WebSockets.AcceptWebSocketAsync();
                await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes($"hello {me.FindFirstValue(ClaimTypes.NameIdentifier)}"), WebSocketMessageType.Text, true, http.RequestAborted);
                await socket.ReceiveAsync(new byte[16].AsMemory(), http.RequestAborted);
            }).RequireAuthorization();
            app.MapGet("/events", async (HttpContext http) =>
            {
                http.Response.ContentType = "text/event-stream";
                await http.Response.WriteAsync("data: hello\n\n", http.RequestAborted);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
            }).RequireAuthorization();
        });

    [Authorize]
    private sealed class Chat : Hub
    {
        public string? WhoAmI() => Context.User?.FindFirstValue(ClaimTypes.NameIdentifier);
    }
}
