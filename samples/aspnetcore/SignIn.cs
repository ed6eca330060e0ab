using Holdfast.AspNetCore;
using Holdfast.Protocol;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace SharedNotes;

/// <summary>The sign-in form, and sign-in for clients that are no browsers.</summary>
internal static class SignIn
{
    private const string Wrong = "The e-mail address or the password is wrong.";

    public static void MapSignIn(this IEndpointRouteBuilder app)
    {
        app.MapGet("/login", (HttpContext http) => Pages.Login(http));
        app.MapPost("/login", ByFormAsync);
    }

    public static void MapSignInForTokens(this IEndpointRouteBuilder app) => app.MapPost("/login", ByJsonAsync);

    private static async Task<IResult> ByFormAsync([FromForm] Form form, HttpContext http)
    {
        if (await ProvenAsync(http, form.Email, form.Password) is not { } account)
        {
            return Pages.Login(http, Wrong, StatusCodes.Status401Unauthorized);
        }

        if (form.Transport == "token-cookies")
        {
            await http.SignInWithTokenCookiesAsync(account.ToPrincipal());
        }
        else
        {
            await http.SignInAsync(account.ToPrincipal(), new AuthenticationProperties { IsPersistent = form.Remember });
        }

        return Pages.SeeOther(http, "/");
    }

    private static async Task<IResult> ByJsonAsync(Credentials credentials, HttpContext http) =>
        await ProvenAsync(http, credentials.Email, credentials.Password) is { } account
            ? Results.Ok(await http.SignInForTokensAsync(account.ToPrincipal()))
            : Results.Problem(Wrong, null, StatusCodes.Status401Unauthorized, "Sign in to continue.", "urn:holdfast:reason:session_missing",
                new Dictionary<string, object?> { ["reason"] = Reasons.SessionMissing });

    private static async Task<Account?> ProvenAsync(HttpContext http, string? email, string? password)
    {
        var account = Account.Find(email);
        if (account is not null)
        {
            await http.BeginHoldfastSignInAsync(account.Subject);
        }

        if (account?.Accepts(password) == true)
        {
            return account;
        }

        await http.RecordSignInFailureAsync(account?.Subject, "password");
        return null;
    }

    public sealed record Form
    {
        public string? Email { get; init; }

        public string? Password { get; init; }

        public bool Remember { get; init; }

        public string? Transport { get; init; }
    }

    public sealed record Credentials(string? Email, string? Password);
}
