using System.Security.Claims;
using Microsoft.AspNetCore.Identity;

namespace Playground;

/// <summary>Signing in, and the little that there is to do when signed in.</summary>
public static class AccountEndpoints
{
    /// <summary>Maps them.</summary>
    public static void MapAccount(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/sign-in", SignInAsync);
        app.MapPost("/api/change-password", ChangePasswordAsync).RequireAuthorization();
        app.MapGet("/api/note", async (HttpContext http, CancellationToken cancellationToken) =>
            new Note(await http.GetHoldfastSession().GetAsync<string>("note", cancellationToken) ?? "")).RequireAuthorization();
        app.MapPost("/api/note", async (HttpContext http, Note note) => await http.GetHoldfastSession().SetAsync("note", note.Text)).RequireAuthorization();

        // A session of tokens for the same user: what a mobile app would receive.
        app.MapPost("/api/tokens", (HttpContext http, ClaimsPrincipal me) => http.SignInForTokensAsync(me)).RequireAuthorization();
    }

    private static async Task<IResult> SignInAsync(SignInForm form, SignInManager<IdentityUser> identity)
    {
        var result = await identity.PasswordSignInAsync(form.Email, form.Password, form.Remember, lockoutOnFailure: true);
        return result.Succeeded ? Results.NoContent() : Results.Problem("The e-mail address or the password is wrong.", statusCode: StatusCodes.Status401Unauthorized);
    }

    private static async Task<IResult> ChangePasswordAsync(
        PasswordForm form, ClaimsPrincipal me, UserManager<IdentityUser> users, SignInManager<IdentityUser> identity)
    {
        if (await users.GetUserAsync(me) is not { } user)
        {
            return Results.Unauthorized();
        }

        var result = await users.ChangePasswordAsync(user, form.Current, form.New);
        if (!result.Succeeded)
        {
            return Results.Problem(string.Join(' ', result.Errors.Select(error => error.Description)), statusCode: StatusCodes.Status400BadRequest);
        }

        await identity.RefreshSignInAsync(user);
        return Results.NoContent();
    }

    /// <summary>The sign-in form.</summary>
    public sealed record SignInForm(string Email, string Password, bool Remember);

    /// <summary>The form for a new password.</summary>
    public sealed record PasswordForm(string Current, string New);

    /// <summary>A note that is kept with the session.</summary>
    public sealed record Note(string Text);
}
