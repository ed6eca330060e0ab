using System.Security.Claims;
using Holdfast.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Tickets;

/// <summary>
/// Behind the stock cookie handler: its ticket is a session of ours. The key that it keeps in its cookie is the session's credential, new
/// at every sign-in; an ended session stays ended, whatever the handler renews.
/// </summary>
internal sealed class HoldfastTicketStore(SessionManager sessions, IHttpContextAccessor accessor) : ITicketStore
{
    private const string Field = "ticket";

    public Task<string> StoreAsync(AuthenticationTicket ticket) => StoreAsync(ticket, Current, CancellationToken.None);

    public async Task<string> StoreAsync(AuthenticationTicket ticket, HttpContext httpContext, CancellationToken cancellationToken)
    {
        // What the session's own record knows is what lists and policies need; everything else is in the sealed ticket.
        var result = await SignInFlow.StartAsync(
            httpContext, ticket.Principal, SessionTransport.Cookie, ticket.Properties.IsPersistent,
            [.. Principals.ClaimsOf(ticket.Principal).Where(claim => claim.Type is "sid" or HoldfastDefaults.ProviderClaim)]);
        var (session, key) = (result.Session!, result.Credentials!.Cookie!.Reveal());
        var status = await sessions.WriteReservedAsync(session.Handle, Field, TicketSeal.Seal(ticket, key), cancellationToken);
        if (status != DataWriteStatus.Written)
        {
            await sessions.EndAsync(session.Handle, EndReason.Superseded, Caller.Application, CancellationToken.None);
            throw new SessionDataException(status);
        }

        (await RequestSession.OfAsync(httpContext)).Started(session);
        return key;
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket) => RenewAsync(key, ticket, Current, CancellationToken.None);

    public async Task RenewAsync(string key, AuthenticationTicket ticket, HttpContext httpContext, CancellationToken cancellationToken)
    {
        if (httpContext.Features.Get<TicketSignIn>() is { } signIn)
        {
            // The handler signs in over a live session and would keep its key: whoever planted that cookie would be signed in, too.
            var planted = await CheckAsync(key, httpContext, cancellationToken);
            signIn.Rename(key, await StoreAsync(ticket, httpContext, cancellationToken));
            if (planted.Refusal == Refusal.None)
            {
                await sessions.EndAsync(planted.Handle, EndReason.Superseded, RequestSession.CallerOf(httpContext), cancellationToken);
            }

            return;
        }

        // A longer expiry, or claims that were read again; for a session that has ended meanwhile this writes nothing.
        if (await CheckAsync(key, httpContext, cancellationToken) is { Refusal: Refusal.None } check)
        {
            await sessions.WriteReservedAsync(check.Handle, Field, TicketSeal.Seal(ticket, key), cancellationToken);
        }
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => RetrieveAsync(key, Current, CancellationToken.None);

    public async Task<AuthenticationTicket?> RetrieveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken)
    {
        var check = await CheckAsync(key, httpContext, cancellationToken);
        RequestSession.Adopt(httpContext, check);
        if (check.Refusal != Refusal.None || await sessions.ReadReservedAsync(check.Handle, Field, cancellationToken) is not { } sealedTicket
            || TicketSeal.Open(sealedTicket.Span, key) is not { } ticket)
        {
            return null;
        }

        if (ticket.Principal.Identity is ClaimsIdentity identity)
        {
            Principals.AddMissing(identity, HoldfastDefaults.SessionClaim, check.Handle.ToString());
        }

        return ticket;
    }

    public Task RemoveAsync(string key) => RemoveAsync(key, Current, CancellationToken.None);

    public async Task RemoveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken)
    {
        if (await CheckAsync(key, httpContext, cancellationToken) is { Refusal: Refusal.None } check)
        {
            await sessions.EndAsync(check.Handle, EndReason.SignedOut, RequestSession.CallerOf(httpContext), cancellationToken);
        }

        (await RequestSession.OfAsync(httpContext)).Ended();
    }

    private HttpContext Current => accessor.HttpContext ?? throw new InvalidOperationException("A ticket belongs to a request, and there is none.");

    // The secret stays what it is: the stock handler's cookie could not carry a renewed one.
    private ValueTask<SessionCheck> CheckAsync(string key, HttpContext context, CancellationToken cancellationToken) =>
        sessions.CheckCookieAsync(key, RequestSession.Tenant, renew: false, RequestSession.CallerOf(context), cancellationToken);
}
