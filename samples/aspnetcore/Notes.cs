using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Protocol;

namespace SharedNotes;

/// <summary>Who is signed in, and the notes that are kept with the session.</summary>
internal static class Notes
{
    private const string Field = "notes";

    public static void MapNotes(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api").RequireAuthorization();
        api.MapGet("/me", MeAsync);
        api.MapPost("/notes", AddAsync);
    }

    private static async Task<Me> MeAsync(ClaimsPrincipal user, HttpContext http)
    {
        var session = http.GetHoldfastSession();
        var authTime = DateTimeOffset.FromUnixTimeSeconds(long.Parse(user.FindFirstValue("auth_time")!, System.Globalization.CultureInfo.InvariantCulture));
        return new Me(session.Subject!, user.FindFirstValue("name") ?? session.Subject!, session.Handle.ToString()!, authTime, await OfAsync(session));
    }

    private static async Task<IResult> AddAsync(Note note, HttpContext http)
    {
        if (note.Text is not { Length: > 0 and <= 200 })
        {
            return Results.Problem("text has 1 to 200 characters.", null, StatusCodes.Status400BadRequest, "The request is malformed.", "urn:holdfast:reason:invalid_request",
                new Dictionary<string, object?> { ["reason"] = Reasons.InvalidRequest });
        }

        var session = http.GetHoldfastSession();
        string[] notes = [.. await OfAsync(session), note.Text];
        await session.SetAsync(Field, notes);
        return Results.Ok(new { notes });
    }

    private static async Task<string[]> OfAsync(Holdfast.AspNetCore.HoldfastSession session) => await session.GetAsync<string[]>(Field) ?? [];

    /// <summary>A note, from the page's script or from its form.</summary>
    public sealed record Note(string? Text)
    {
        public static async ValueTask<Note> BindAsync(HttpContext http)
        {
            try
            {
                return http.Request.HasFormContentType ? new Note((await http.Request.ReadFormAsync(http.RequestAborted))["text"])
                    : http.Request.HasJsonContentType() ? await http.Request.ReadFromJsonAsync<Note>(http.RequestAborted) ?? new Note((string?)null)
                    : new Note((string?)null);
            }
            catch (JsonException)
            {
                return new Note((string?)null);
            }
        }
    }

    public sealed record Me(
        string Subject, string Name, string Sid, [property: JsonPropertyName("auth_time")] DateTimeOffset AuthTime, string[] Notes);
}
