using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;

namespace Holdfast.AspNetCore.Tests.Connections;

/// <summary>SignalR's own client, with a browser's cookies.</summary>
internal static class Hubs
{
    /// <summary>A connection that is not open yet, and what completes when it closes.</summary>
    public static (HubConnection Hub, Task Closed) Of(Uri address, BrowserClient browser, HttpTransportType transport)
    {
        var hub = new HubConnectionBuilder().WithUrl(new Uri(address, "/chat"), transport, options =>
        {
            options.Headers["Cookie"] = CookieOf(browser);
            options.SkipNegotiation = transport == HttpTransportType.WebSockets;
        }).Build();
        var closed = new TaskCompletionSource();
        hub.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        return (hub, closed.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    public static string CookieOf(BrowserClient browser) => string.Join("; ", browser.Cookies.Values.Select(cookie => $"{cookie.Name}={cookie.Value}"));
}
