using System.Security.Claims;
using System.Security.Principal;

namespace Holdfast.AspNetCore;

/// <summary>
/// The user of a session. Most requests ask for nothing but who it is, and that is answered at once; anything else makes the whole
/// principal first, as <see cref="Principals.Of"/> builds it. Reading it is as safe from several threads as reading any principal.
/// </summary>
internal sealed class SessionPrincipal(SessionCheck live, string scheme) : ClaimsPrincipal
{
    private volatile bool _isFilled;
    private Claim? _subject;

    public override IEnumerable<ClaimsIdentity> Identities => Filled() ? base.Identities : [];

    public override IIdentity? Identity => Filled() ? base.Identity : null;

    public override IEnumerable<Claim> Claims => Filled() ? base.Claims : [];

    public override void AddIdentity(ClaimsIdentity identity)
    {
        Filled();
        base.AddIdentity(identity);
    }

    public override void AddIdentities(IEnumerable<ClaimsIdentity> identities)
    {
        Filled();
        base.AddIdentities(identities);
    }

    public override Claim? FindFirst(string type) => type == ClaimTypes.NameIdentifier && !_isFilled
        ? _subject ??= new Claim(ClaimTypes.NameIdentifier, live.Subject!)
        : Filled() ? base.FindFirst(type) : null;

    public override Claim? FindFirst(Predicate<Claim> match) => Filled() ? base.FindFirst(match) : null;

    public override IEnumerable<Claim> FindAll(string type) => Filled() ? base.FindAll(type) : [];

    public override IEnumerable<Claim> FindAll(Predicate<Claim> match) => Filled() ? base.FindAll(match) : [];

    public override bool HasClaim(string type, string value) => Filled() && base.HasClaim(type, value);

    public override bool HasClaim(Predicate<Claim> match) => Filled() && base.HasClaim(match);

    public override bool IsInRole(string role) => Filled() && base.IsInRole(role);

    public override ClaimsPrincipal Clone() => Filled() ? base.Clone() : this;

    public override void WriteTo(BinaryWriter writer)
    {
        Filled();
        base.WriteTo(writer);
    }

    // Always true, so that no member can forget it.
    private bool Filled()
    {
        if (!_isFilled)
        {
            // This request's own object, which nobody else locks.
            lock (live)
            {
                if (!_isFilled)
                {
                    base.AddIdentity(Principals.IdentityOf(live, scheme));
                    _isFilled = true;
                }
            }
        }

        return true;
    }
}
