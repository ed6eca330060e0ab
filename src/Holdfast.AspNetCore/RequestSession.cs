using Holdfast.AspNetCore.Tickets;
using Holdfast.AspNetCore.Transport;
using Holdfast.Devices;
using Holdfast.Tokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Holdfast.AspNetCore;

/// <summary>What happened to the session in one request. One value, never a set of flags.</summary>
public enum SessionOutcome
{
    /// <summary>The request carried no credential.</summary>
    None = 0,

    /// <summary>Its credential proves a live session.</summary>
    Live = 1,

    /// <summary>Its credential was refused.</summary>
    Refused = 2,

    /// <summary>The store could not be asked.</summary>
    Unavailable = 3,

    /// <summary>This request started a session.</summary>
    Started = 4,

    /// <summary>This request ended its session.</summary>
    Ended = 5,

    /// <summary>This request raised its session to a further proof.</summary>
    SteppedUp = 6,
}

/// <summary>
/// The session of one request: its credential is read and checked once, whoever asks first. Nothing here is trusted before
/// <see cref="Outcome"/> says so.
/// </summary>
internal sealed class RequestSession
{
    private Session? _refreshable;

    private RequestSession(HttpContext context)
    {
        Caller = CallerOf(context);
        Terms = TermsOf(context);
    }

    public SessionOutcome Outcome { get; private set; }

    /// <summary>How the credential travelled.</summary>
    public CredentialKind Kind { get; private set; }

    /// <summary>The answer to the credential; null without one, and while the store is silent.</summary>
    public SessionCheck? Check { get; private set; }

    /// <summary>The session that is live at this point of the request; null without one.</summary>
    public Session? Session { get; private set; }

    /// <summary>
    /// The session that a sign-out, a refresh or a CSRF token is about: the live one, or the one whose refresh token came in its cookie,
    /// which authenticates nothing.
    /// </summary>
    public Session? Concerned => Session ?? _refreshable;

    /// <summary>The store's time, as of the last answer about this session.</summary>
    public DateTimeOffset Now => Check?.Now ?? Session?.CreatedAt ?? default;

    /// <summary>What is proven now.</summary>
    public Assurance Assurance => Session is { } session ? SessionPolicy.AssuranceAt(session, Now) : Assurance.None;

    /// <summary>Why the credential was refused.</summary>
    public Refusal Refusal { get; private set; }

    /// <summary>Whether the stock cookie handler carries the credential.</summary>
    public bool IsTicket { get; private set; }

    /// <summary>Why nobody knows.</summary>
    public StoreUnavailableException? Failure { get; private set; }

    public Caller Caller { get; }

    /// <summary>What holds for the application that this request is for.</summary>
    public SessionTerms Terms { get; }

    /// <summary>Where it comes from, as far as it says.</summary>
    public static Device DeviceOf(HttpContext context)
    {
        var headers = context.Request.Headers;
        var agent = Auditing.SessionEvents.OneLine(headers.UserAgent.ToString() is { Length: > 0 } sent ? sent : null);
        var hints = ClientHints.Parse(headers["Sec-CH-UA"], headers["Sec-CH-UA-Platform"], headers["Sec-CH-UA-Platform-Version"], headers["Sec-CH-UA-Model"]);
        var address = context.Connection.RemoteIpAddress;
        var placeOf = context.RequestServices.GetRequiredService<HoldfastWebOptions>().PlaceOf;
        return new Device(agent, address?.ToString())
        {
            Name = UserAgent.Parse(agent, hints).ToString(),
            Place = address is null ? null : Auditing.SessionEvents.OneLine(placeOf?.Invoke(address)),
        };
    }

    /// <summary>The tenant of an application that runs the engine in its own process: those with several run the server.</summary>
    public static string Tenant => SessionPolicy.DefaultTenant;

    /// <summary>The terms of this process's own settings, unless a server that several applications share has said whose request it is.</summary>
    public static SessionTerms TermsOf(HttpContext context) =>
        context.Features.Get<SessionTerms>() ?? context.RequestServices.GetRequiredService<SessionTerms>();

    /// <summary>The session of <paramref name="context"/>, checked now unless it was before.</summary>
    public static async ValueTask<RequestSession> OfAsync(HttpContext context)
    {
        if (context.Features.Get<RequestSession>() is { } known)
        {
            return known;
        }

        var request = new RequestSession(context);
        context.Features.Set(request);
        try
        {
            await request.ReadAsync(context);
        }
        catch (StoreUnavailableException exception)
        {
            request.Outcome = SessionOutcome.Unavailable;
            request.Failure = exception;
        }

        request.Publish(context);
        context.Response.OnStarting(() => request.LeaveAsync(context));
        return request;
    }

    /// <summary>
    /// The ticket store has checked the credential in the stock handler's cookie: that is this request's session, unless it has one of its own.
    /// </summary>
    public static void Adopt(HttpContext context, SessionCheck check)
    {
        var request = context.Features.Get<RequestSession>();
        if (request is null)
        {
            request = new RequestSession(context);
            context.Features.Set(request);
            context.Response.OnStarting(() => request.LeaveAsync(context));
        }

        if (request.Outcome == SessionOutcome.None)
        {
            (request.Kind, request.IsTicket) = (CredentialKind.SessionCookie, true);
            request.Accept(check);
            request.Publish(context);
        }
    }

    /// <summary>This request started <paramref name="session"/>, whose cookies have been written.</summary>
    public void Started(HttpContext context, Session session)
    {
        (Outcome, Session, Refusal) = (SessionOutcome.Started, session, Refusal.None);
        Check = new SessionCheck(Refusal.None, session, session.CreatedAt);
        Kind = KindOf(session);
        Publish(context);
    }

    /// <summary>This request stepped up, and the new credential has been written.</summary>
    public void SteppedUp(HttpContext context, Session session, DateTimeOffset now)
    {
        (Outcome, Session) = (SessionOutcome.SteppedUp, session);
        Check = new SessionCheck(Refusal.None, session, now);
        Publish(context);
    }

    /// <summary>This request ended its session, and the cookies have been deleted.</summary>
    public void Ended(HttpContext context)
    {
        (Outcome, Session, _refreshable, Kind) = (SessionOutcome.Ended, null, null, CredentialKind.None);
        Publish(context);
    }

    private async ValueTask ReadAsync(HttpContext context)
    {
        var manager = context.RequestServices.GetRequiredService<SessionManager>();
        var aborted = context.RequestAborted;
        var bearer = BearerHeader.Read(context.Request.Headers);
        if (bearer.Presence != BearerPresence.Absent)
        {
            // An Authorization header is never replaced by the cookie, not even one that is malformed or not ours.
            if (bearer.Presence != BearerPresence.OtherScheme)
            {
                Kind = CredentialKind.Bearer;
                Accept(bearer.Token is { } token
                    ? await manager.CheckAccessTokenAsync(token, Terms, Caller, aborted)
                    : new SessionCheck(Refusal.TokenInvalid, null, default));
            }

            return;
        }

        var cookies = new CookieReader(context.Request.Headers);
        var renew = !context.Response.HasStarted;
        if (cookies.Has(CookieNames.Session))
        {
            Kind = CredentialKind.SessionCookie;
            Accept(SignedIn(await manager.CheckCookieAsync(cookies.Single(CookieNames.Session), Terms.Tenant, renew, Caller, aborted)));
            return;
        }

        if (cookies.Has(CookieNames.AccessToken))
        {
            Kind = CredentialKind.TokenCookie;
            Accept(cookies.Single(CookieNames.AccessToken) is { } token
                ? await manager.CheckAccessTokenAsync(token, Terms, Caller, aborted)
                : new SessionCheck(Refusal.TokenInvalid, null, default));
        }

        if (Session is null && cookies.Has(CookieNames.RefreshToken))
        {
            Kind = CredentialKind.RefreshCookie;
            _refreshable = await manager.FindRefreshableAsync(cookies.Single(CookieNames.RefreshToken), Terms.Tenant, aborted);
        }

        if (Kind != CredentialKind.None)
        {
            return;
        }

        foreach (var scheme in context.RequestServices.GetServices<TicketScheme>())
        {
            var options = context.RequestServices.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(scheme.Name);
            if (cookies.Has(options.Cookie.Name!))
            {
                // Answers through Adopt; a cookie that the handler cannot read is a credential all the same.
                await context.AuthenticateAsync(scheme.Name);
                Kind = CredentialKind.SessionCookie;
                return;
            }
        }

        if (cookies.Has(CookieNames.Anonymous))
        {
            Kind = CredentialKind.AnonymousCookie;
            var check = await manager.CheckCookieAsync(cookies.Single(CookieNames.Anonymous), Terms.Tenant, renew, Caller, aborted);
            Accept(check.Session is { IsAnonymous: false } ? check with { Refusal = Refusal.Missing, Session = null } : check);
        }
    }

    // A signed-in session never answers to the cookie of an anonymous one, nor the reverse.
    private static SessionCheck SignedIn(SessionCheck check) =>
        check.Session is { IsAnonymous: true } ? check with { Refusal = Refusal.Missing, Session = null } : check;

    private void Accept(SessionCheck check)
    {
        Check = check;
        Refusal = check.Refusal;
        Outcome = check.Refusal == Refusal.None ? SessionOutcome.Live : SessionOutcome.Refused;
        Session = check.Refusal == Refusal.None ? check.Session : null;
    }

    private void Publish(HttpContext context) =>
        context.Features.Set(new HoldfastFeature(Kind, Concerned?.Handle, Concerned?.CredentialVersion ?? 0));

    // The way out, before the first byte: what this request learnt about its session leaves with the response.
    private async Task LeaveAsync(HttpContext context)
    {
        if (Session is { } open && context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true)
        {
            var connections = context.RequestServices.GetRequiredService<Connections.OpenConnections>();
            context.Response.RegisterForDispose(await connections.AddAsync(open.Handle, open.Tenant, open.Subject, context.Abort, context.RequestAborted));
        }

        if (Outcome != SessionOutcome.Live || Check is null)
        {
            return;
        }

        if (Check.RenewedCookie is { } renewed)
        {
            CookieRules.AppendSession(context, Check.Session!, renewed, Check.Now);
        }

        var refused = context.Response.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status401Unauthorized
            or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests;
        if (!refused && context.GetEndpoint()?.Metadata.GetMetadata<MachineTrafficAttribute>() is null)
        {
            context.RequestServices.GetRequiredService<SessionManager>().Seen(Check);
        }
    }

    private static CredentialKind KindOf(Session session) => session.Transport switch
    {
        SessionTransport.TokenCookies => CredentialKind.TokenCookie,
        SessionTransport.Tokens => CredentialKind.Bearer,
        _ => session.IsAnonymous ? CredentialKind.AnonymousCookie : CredentialKind.SessionCookie,
    };

    /// <summary>Who makes this request.</summary>
    public static Caller CallerOf(HttpContext context) => new(
        context.Connection.RemoteIpAddress?.ToString(),
        context.Request.Headers.UserAgent.ToString() is { Length: > 0 } agent ? agent : null,
        context.TraceIdentifier);
}
