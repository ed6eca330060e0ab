using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Holdfast.AspNetCore.Tickets;

/// <summary>The stock cookie handler, which tells the ticket store that it signs in rather than renews: the store cannot see that otherwise.</summary>
internal sealed class TicketCookieHandler(IOptionsMonitor<CookieAuthenticationOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : CookieAuthenticationHandler(options, logger, encoder)
{
    protected override async Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        Context.Features.Set(new TicketSignIn());
        try
        {
            await base.HandleSignInAsync(user, properties);
        }
        finally
        {
            Context.Features.Set<TicketSignIn>(null);
        }
    }
}

/// <summary>A sign-in under way, and the key that it gives up for another.</summary>
internal sealed class TicketSignIn
{
    private (string Old, string New)? _renamed;

    public void Rename(string oldKey, string newKey) => _renamed = (oldKey, newKey);

    public string KeyFor(string key) => _renamed is { } renamed && renamed.Old == key ? renamed.New : key;
}

/// <summary>Writes the new key into the handler's cookie where the handler would repeat the old one.</summary>
internal sealed class TicketKeyFormat(ISecureDataFormat<AuthenticationTicket> inner, IHttpContextAccessor accessor) : ISecureDataFormat<AuthenticationTicket>
{
    // What the stock handler calls the key in its cookie; its constant is private.
    private const string KeyClaim = "Microsoft.AspNetCore.Authentication.Cookies-SessionId";

    public string Protect(AuthenticationTicket data) => Protect(data, null);

    public string Protect(AuthenticationTicket data, string? purpose)
    {
        if (accessor.HttpContext?.Features.Get<TicketSignIn>() is { } signIn && data.Principal.FindFirst(KeyClaim) is { } claim)
        {
            var renamed = new Claim(KeyClaim, signIn.KeyFor(claim.Value), ClaimValueTypes.String, claim.Issuer);
            data = new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([renamed], claim.Issuer)), data.Properties, data.AuthenticationScheme);
        }

        return inner.Protect(data, purpose);
    }

    public AuthenticationTicket? Unprotect(string? protectedText) => inner.Unprotect(protectedText);

    public AuthenticationTicket? Unprotect(string? protectedText, string? purpose) => inner.Unprotect(protectedText, purpose);
}
