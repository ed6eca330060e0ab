using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Playground;

/// <summary>
/// The attacker's side, as far as a page cannot play it: what somebody does who has got hold of a cookie. The cookie never reaches a
/// script; the "thief" is this process, calling its own address from outside.
/// </summary>
public static class Attacks
{
    private const int MostStolen = 100;

    private static readonly ConcurrentDictionary<string, string> Stolen = new();

    /// <summary>Maps them.</summary>
    public static void MapAttacks(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/attacks", (PlaygroundSettings settings) => new Sites(settings.OtherAddress, settings.ForeignAddress));
        app.MapPost("/api/attacks/steal-cookie", (HttpRequest request) =>
        {
            var ticket = RandomNumberGenerator.GetHexString(32);
            if (Stolen.Count >= MostStolen)
            {
                Stolen.Clear();
            }

            Stolen[ticket] = request.Headers.Cookie.ToString();
            return new Theft(ticket);
        }).RequireAuthorization();
        app.MapPost("/api/attacks/use-stolen-cookie", UseAsync);
    }

    private static async Task<IResult> UseAsync(Theft theft, PlaygroundSettings settings, IHttpClientFactory clients, CancellationToken cancellationToken)
    {
        if (!Stolen.TryGetValue(theft.Ticket, out var cookie))
        {
            return Results.Problem("Nothing was stolen under this ticket.", statusCode: StatusCodes.Status404NotFound);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, settings.Address + "/auth/session");
        request.Headers.Add("Cookie", cookie);
        using var response = await clients.CreateClient("thief").SendAsync(request, cancellationToken);
        return Results.Json(new Haul((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken)));
    }

    /// <summary>Where the other site is.</summary>
    public sealed record Sites(string SameSite, string CrossSite);

    /// <summary>A stolen cookie, by the number of its theft.</summary>
    public sealed record Theft(string Ticket);

    /// <summary>What the thief was answered.</summary>
    public sealed record Haul(int Status, string Body);
}
