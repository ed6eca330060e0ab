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
    private readonly HttpContext _context;
    private Session? _refreshable;
    private Caller? _caller;

    private readonly SessionManager _manager;

    private RequestSession(HttpContext context, SessionManager manager, SessionTerms terms) => (_context, _manager, Terms) = (context, manager, terms);

    public SessionOutcome Outcome { get; private set; }

    /// <summary>How the credential travelled.</summary>
    public CredentialKind Kind { get; private set; }

    /// <summary>The answer to the credential; null without one, and while the store is silent.</summary>
    public SessionCheck? Check { get; private set; }

    /// <summary>What proves the session that is live at this point of the request; null without one.</summary>
    public SessionCheck? Live => Outcome is SessionOutcome.Live or SessionOutcome.Started or SessionOutcome.SteppedUp ? Check : null;

    /// <summary>
    /// The session that a sign-out, a refresh or a CSRF token is about: the live one, or the one whose refresh token came in its cookie,
    /// which authenticates nothing.
    /// </summary>
    public SessionHandle? Concerned => Live?.Handle ?? _refreshable?.Handle;

    /// <summary>The credential version of <see cref="Concerned"/>.</summary>
    public int CredentialVersion => Live?.CredentialVersion ?? _refreshable?.CredentialVersion ?? 0;

    /// <summary>The store's time, as of the last answer about this session.</summary>
    public DateTimeOffset Now => Check?.Now ?? default;

    /// <summary>What is proven now.</summary>
    public Assurance Assurance => Live?.Assurance ?? Assurance.None;

    /// <summary>Why the credential was refused.</summary>
    public Refusal Refusal => Outcome == SessionOutcome.Refused ? Check!.Refusal : Refusal.None;

    /// <summary>Whether the stock cookie handler carries the credential.</summary>
    public bool IsTicket { get; private set; }

    /// <summary>Why nobody knows.</summary>
    public StoreUnavailableException? Failure { get; private set; }

    /// <summary>Who makes this request.</summary>
    public Caller Caller => _caller ??= CallerOf(_context);

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
    public static ValueTask<RequestSession> OfAsync(HttpContext context) => context.Features.Get<RequestSession>() is { } known
        ? ValueTask.FromResult(known)
        : CheckAsync(context, context.RequestServices.GetRequiredService<SessionManager>(), context.RequestServices.GetRequiredService<SessionTerms>());

    /// <summary>Checks the session of <paramref name="context"/>, for the first time.</summary>
    public static ValueTask<RequestSession> CheckAsync(HttpContext context, SessionManager manager, SessionTerms terms)
    {
        var request = Of(context, manager, context.Features.Get<SessionTerms>() ?? terms);
        var reading = request.ReadAsync();
        return reading.IsCompletedSuccessfully ? ValueTask.FromResult(request) : request.FinishAsync(reading);
    }

    /// <summary>
    /// The ticket store has checked the credential in the stock handler's cookie: that is this request's session, unless it has one of its own.
    /// </summary>
    public static void Adopt(HttpContext context, SessionCheck check)
    {
        var request = context.Features.Get<RequestSession>() ?? Of(context, context.RequestServices.GetRequiredService<SessionManager>(), TermsOf(context));
        if (request.Outcome == SessionOutcome.None)
        {
            (request.Kind, request.IsTicket) = (CredentialKind.SessionCookie, true);
            request.Accept(check);
        }
    }

    /// <summary>This request started <paramref name="session"/>, whose cookies have been written.</summary>
    public void Started(Session session)
    {
        (Outcome, Check, Kind) = (SessionOutcome.Started, new SessionCheck(Refusal.None, session, session.CreatedAt), KindOf(session));
    }

    /// <summary>This request stepped up, and the new credential has been written.</summary>
    public void SteppedUp(Session session, DateTimeOffset now) => (Outcome, Check) = (SessionOutcome.SteppedUp, new SessionCheck(Refusal.None, session, now));

    /// <summary>This request ended its session, and the cookies have been deleted.</summary>
    public void Ended() => (Outcome, _refreshable, Kind) = (SessionOutcome.Ended, null, CredentialKind.None);

    /// <summary>The whole record of the live session; null if there is none any more. Asks the store, unless it was asked for this request.</summary>
    public async ValueTask<Session?> RecordAsync(CancellationToken cancellationToken) => Live is not { } live ? null
        : live.Session is { Version: > 0 } record ? record
        : await _manager.FindLiveAsync(live.Handle, cancellationToken);

    private static RequestSession Of(HttpContext context, SessionManager manager, SessionTerms terms)
    {
        var request = new RequestSession(context, manager, terms);
        context.Features.Set(request);
        context.Response.OnStarting(static state => ((RequestSession)state).LeaveAsync(), request);
        return request;
    }

    private async ValueTask<RequestSession> FinishAsync(ValueTask reading)
    {
        try
        {
            await reading;
        }
        catch (StoreUnavailableException exception)
        {
            (Outcome, Failure) = (SessionOutcome.Unavailable, exception);
        }

        return this;
    }

    private ValueTask ReadAsync()
    {
        var bearer = BearerHeader.Read(_context.Request.Headers);
        if (bearer.Presence == BearerPresence.Absent)
        {
            return ReadCookiesAsync();
        }

        // An Authorization header is never replaced by the cookie, not even one that is malformed or not ours.
        if (bearer.Presence == BearerPresence.OtherScheme)
        {
            return ValueTask.CompletedTask;
        }

        Kind = CredentialKind.Bearer;
        if (_manager.TryRecallAccessToken(bearer.Token, Terms, out var known))
        {
            Accept(known);
            return ValueTask.CompletedTask;
        }

        return AcceptAsync(CheckTokenAsync(bearer.Token.IsEmpty ? null : bearer.Token.ToString()));
    }

    private ValueTask ReadCookiesAsync()
    {
        var cookies = new CookieReader(_context.Request.Headers);
        switch (cookies.Read(CookieNames.Session, out var session))
        {
            case 0:
                break;
            case 1 when _manager.TryRecallCookie(session, Terms.Tenant, out var known):
                Kind = CredentialKind.SessionCookie;
                Accept(known);
                return ValueTask.CompletedTask;
            default:
                Kind = CredentialKind.SessionCookie;
                return AcceptAsync(CheckCookieAsync(cookies.Single(CookieNames.Session)));
        }

        return _context.Request.Headers.Cookie.Count == 0 ? ValueTask.CompletedTask : ReadOtherCookiesAsync(cookies);
    }

    private async ValueTask ReadOtherCookiesAsync(CookieReader cookies)
    {
        if (cookies.Has(CookieNames.AccessToken))
        {
            Kind = CredentialKind.TokenCookie;
            Accept(await CheckTokenAsync(cookies.Single(CookieNames.AccessToken)));
        }

        if (Live is null && cookies.Has(CookieNames.RefreshToken))
        {
            Kind = CredentialKind.RefreshCookie;
            _refreshable = await _manager.FindRefreshableAsync(cookies.Single(CookieNames.RefreshToken), Terms.Tenant, _context.RequestAborted);
        }

        if (Kind != CredentialKind.None)
        {
            return;
        }

        foreach (var scheme in _context.RequestServices.GetServices<TicketScheme>())
        {
            var options = _context.RequestServices.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(scheme.Name);
            if (cookies.Has(options.Cookie.Name!))
            {
                // Answers through Adopt; a cookie that the handler cannot read is a credential all the same.
                await _context.AuthenticateAsync(scheme.Name);
                Kind = CredentialKind.SessionCookie;
                return;
            }
        }

        if (cookies.Has(CookieNames.Anonymous))
        {
            Kind = CredentialKind.AnonymousCookie;
            Accept(await CheckCookieAsync(cookies.Single(CookieNames.Anonymous)));
        }
    }

    private ValueTask<SessionCheck> CheckTokenAsync(string? token) => token is null
        ? ValueTask.FromResult(new SessionCheck(Refusal.TokenInvalid, null, default))
        : _manager.CheckAccessTokenAsync(token, Terms, Caller, _context.RequestAborted);

    private ValueTask<SessionCheck> CheckCookieAsync(string? cookie) =>
        _manager.CheckCookieAsync(cookie, Terms.Tenant, !_context.Response.HasStarted, Caller, _context.RequestAborted);

    private ValueTask AcceptAsync(ValueTask<SessionCheck> checking)
    {
        if (!checking.IsCompletedSuccessfully)
        {
            return AcceptLaterAsync(checking);
        }

        Accept(checking.Result);
        return ValueTask.CompletedTask;
    }

    private async ValueTask AcceptLaterAsync(ValueTask<SessionCheck> checking) => Accept(await checking);

    private void Accept(SessionCheck check)
    {
        // A signed-in session never answers to the cookie of an anonymous one, nor the reverse.
        var isOurs = check.Refusal != Refusal.None || Kind is not (CredentialKind.SessionCookie or CredentialKind.AnonymousCookie)
            || check.IsAnonymous == (Kind == CredentialKind.AnonymousCookie);
        Check = isOurs ? check : new SessionCheck(Refusal.Missing, null, check.Now);
        Outcome = Check.Refusal == Refusal.None ? SessionOutcome.Live : SessionOutcome.Refused;
    }

    // The way out, before the first byte: what this request learnt about its session leaves with the response.
    private Task LeaveAsync()
    {
        if (Live is not { } live)
        {
            return Task.CompletedTask;
        }

        if (Outcome == SessionOutcome.Live)
        {
            if (live.RenewedCookie is { } renewed)
            {
                CookieRules.AppendSession(_context, live.Session!, renewed, live.Now);
            }

            var refused = _context.Response.StatusCode is StatusCodes.Status400BadRequest or StatusCodes.Status401Unauthorized
                or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests;
            if (!refused && _context.GetEndpoint()?.Metadata.GetMetadata<MachineTrafficAttribute>() is null)
            {
                _manager.Seen(live);
            }
        }

        return _context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true
            ? HoldStreamAsync(live) : Task.CompletedTask;
    }

    private async Task HoldStreamAsync(SessionCheck live)
    {
        var connections = _context.RequestServices.GetRequiredService<Connections.OpenConnections>();
        try
        {
            _context.Response.RegisterForDispose(await connections.AddAsync(live.Handle, live.Tenant, live.Subject, _context.Abort, _context.RequestAborted));
        }
        catch (StoreUnavailableException)
        {
            // The answer has begun: nothing can be said any more, and nothing may stay open that nobody vouches for.
            _context.Abort();
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
