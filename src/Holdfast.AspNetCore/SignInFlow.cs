using System.Collections.Immutable;
using System.Security.Claims;
using Holdfast.AspNetCore.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.AspNetCore;

/// <summary>
/// From a proven principal to a session, and from a session to nothing. The handler and the endpoints share it, so that there is one
/// way in and one way out.
/// </summary>
internal static class SignInFlow
{
    public static async Task<SignInResult> SignInAsync(
        HttpContext context, ClaimsPrincipal user, SessionTransport transport, bool remembered)
    {
        var result = await StartAsync(context, user, transport, remembered, Principals.ClaimsOf(user));
        if (transport != SessionTransport.Tokens)
        {
            CookieRules.AppendCredentials(context, result.Session!, result.Credentials!, result.Session!.CreatedAt);
            (await RequestSession.OfAsync(context)).Started(result.Session);
        }

        return result;
    }

    /// <summary>Starts the session, and leaves it to the caller how its credentials travel.</summary>
    /// <exception cref="SignInRefusedException">The limit of sessions, an "end all" in between, or an account that changed meanwhile.</exception>
    public static async Task<SignInResult> StartAsync(
        HttpContext context, ClaimsPrincipal user, SessionTransport transport, bool remembered, ImmutableArray<SessionClaim> claims)
    {
        var manager = context.RequestServices.GetRequiredService<SessionManager>();
        var request = await RequestSession.OfAsync(context);
        var subject = Principals.SubjectOf(user);
        var reading = await ReadingAsync(context, manager, subject);

        // After the epoch was read: whoever changes the account from now on moves the epoch, and the session is not created.
        if (context.RequestServices.GetService<Accounts.AccountCheck>() is { } account && !await account.StillProvenAsync(user))
        {
            await manager.RecordFailureAsync(RequestSession.Tenant, subject, "account_changed", request.Caller);
            throw new SignInRefusedException(SignInStatus.EpochMoved);
        }

        var result = await manager.SignInAsync(
            new SignIn
            {
                Subject = subject,
                Reading = reading,
                Transport = transport,
                Remembered = remembered,
                Claims = claims,
                AuthTime = Principals.AuthTimeOf(user),
                Acr = user.FindFirst("acr")?.Value,
                Amr = [.. user.FindAll(claim => claim.Type is "amr" or ClaimTypes.AuthenticationMethod).Select(claim => claim.Value)],
                Device = RequestSession.DeviceOf(context),

                // Tokens go to another holder than this request's cookie, whose session stays what it was.
                Replaces = transport == SessionTransport.Tokens ? null : request.Live?.Handle,
            },
            request.Caller,
            context.RequestAborted);
        return result.Session is not null ? result : throw new SignInRefusedException(result.Status);
    }

    /// <summary>Ends this request's session, if it has one, and tells the browser to forget everything.</summary>
    public static async Task SignOutAsync(HttpContext context)
    {
        var request = await RequestSession.OfAsync(context);
        if (request.Failure is { } failure)
        {
            // Deleting the cookie without ending the session would leave a copied cookie alive and nobody the wiser.
            throw failure;
        }

        // A genuine credential of a session that has ended asks again: the ending may not have been confirmed the first time.
        if ((request.Concerned ?? (request.Refusal == Refusal.Revoked ? request.Check?.Session?.Handle : null)) is { } handle)
        {
            await context.RequestServices.GetRequiredService<SessionManager>()
                .EndAsync(handle, EndReason.SignedOut, request.Caller, context.RequestAborted);
        }

        Leave(context, request);
    }

    /// <summary>The session has been ended: cookies and everything that the browser keeps of us go with it.</summary>
    public static void Leave(HttpContext context, RequestSession request)
    {
        CookieRules.DeleteAll(context);
        context.Response.Headers["Clear-Site-Data"] = "\"cache\", \"cookies\", \"storage\"";
        context.Response.Headers.CacheControl = "no-store";
        request.Ended();
    }

    private static async ValueTask<SubjectReading> ReadingAsync(HttpContext context, SessionManager manager, string subject) =>
        context.Features.Get<BegunSignIn>() is { } begun && begun.Subject == subject
            ? begun.Reading
            : await manager.BeginSignInAsync(RequestSession.Tenant, subject, context.RequestAborted);

    internal sealed record BegunSignIn(string Subject, SubjectReading Reading);
}

/// <summary>
/// The proof was right and the sign-in was refused all the same. Unhandled, it becomes a 409 <c>conflict</c> that names the setting.
/// </summary>
public sealed class SignInRefusedException : Exception
{
    /// <summary>Says why.</summary>
    public SignInRefusedException(SignInStatus status)
        : base(status == SignInStatus.LimitReached
            ? "This account has as many sessions as it may (MaxSessionsPerSubject). End one on another device, or ask for WhenLimitReached to end the oldest."
            : "All sessions of this account were ended, or the account changed, while it was signing in. Sign in again.")
        => Status = status;

    /// <summary>Why.</summary>
    public SignInStatus Status { get; }
}
