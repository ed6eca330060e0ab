using System.Collections.Concurrent;
using Holdfast.AspNetCore;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Holdfast.OpenIdConnect;

/// <summary>
/// OpenID Connect Back-Channel Logout 1.0, as the relying party: a genuine logout token ends the sessions that it names, once; anything
/// else is 400 and changes nothing.
/// </summary>
internal sealed partial class BackChannelLogout(
    SessionManager sessions,
    ISessionStore store,
    IOptionsMonitor<OpenIdConnectOptions> providers,
    IOptionsMonitor<BackChannelLogoutOptions> meanings,
    TimeProvider clock,
    ILogger<BackChannelLogout> logger)
{
    private const int PageSize = 200;

    private static readonly TimeSpan AskInterval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _asked = new(StringComparer.Ordinal);

    public async Task<IResult> HandleAsync(HttpContext context, string scheme)
    {
        context.Response.Headers.CacheControl = "no-store";
        var cancellationToken = context.RequestAborted;
        var text = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(cancellationToken))["logout_token"] : default;
        if (text.Count != 1 || string.IsNullOrEmpty(text[0]))
        {
            return Refuse("The form field logout_token is missing.");
        }

        var provider = providers.Get(scheme);
        var (token, fault, keyUnknown) = await ReadAsync(provider, text[0]!, cancellationToken);
        if (keyUnknown)
        {
            (token, fault, _) = await ReadWithNewKeysAsync(provider, scheme, text[0]!, cancellationToken) ?? (token, fault, keyUnknown);
        }

        if (token is null)
        {
            return Refuse(fault!);
        }

        Forget();
        var id = $"{scheme} {token.Id}";
        if (_seen.ContainsKey(id))
        {
            return Results.Ok();
        }

        await EndAsync(token, scheme, cancellationToken);

        // Only now: a failure before this is answered 503 or 500, and the provider's next try must work.
        _seen[id] = token.ExpiresAt + TimeSpan.FromMinutes(1);
        return Results.Ok();
    }

    private async Task<(LogoutToken? Token, string? Fault, bool KeyUnknown)> ReadAsync(OpenIdConnectOptions provider, string text, CancellationToken cancellationToken)
    {
        OpenIdConnectConfiguration configuration;
        try
        {
            configuration = await provider.ConfigurationManager!.GetConfigurationAsync(cancellationToken);
        }
        catch (InvalidOperationException exception)
        {
            throw new StoreUnavailableException("The provider's keys cannot be read, so its logout token cannot be checked.", exception);
        }

        return await LogoutToken.ReadAsync(text, configuration, provider.ClientId!, clock.GetUtcNow());
    }

    // The provider may have rotated its keys since the handler read them. The handler's own way to ask again does so in the background, too
    // late for this token; anybody can send an unknown key's name, so the provider is asked at most once a minute.
    private async Task<(LogoutToken? Token, string? Fault, bool KeyUnknown)?> ReadWithNewKeysAsync(
        OpenIdConnectOptions provider, string scheme, string text, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (provider.MetadataAddress is not { } address
            || (_asked.TryGetValue(scheme, out var last) && now - last < AskInterval))
        {
            return null;
        }

        _asked[scheme] = now;

        provider.ConfigurationManager!.RequestRefresh();
        try
        {
            var documents = new HttpDocumentRetriever(provider.Backchannel) { RequireHttps = provider.RequireHttpsMetadata };
            var configuration = await OpenIdConnectConfigurationRetriever.GetAsync(address, documents, cancellationToken);
            return await LogoutToken.ReadAsync(text, configuration, provider.ClientId!, now);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or HttpRequestException)
        {
            throw new StoreUnavailableException("The provider's keys cannot be read, so its logout token cannot be checked.", exception);
        }
    }

    private async Task EndAsync(LogoutToken token, string scheme, CancellationToken cancellationToken)
    {
        var meaning = meanings.Get(scheme);
        var ended = 0;
        await foreach (var session in CandidatesAsync(token, meaning, cancellationToken))
        {
            if (Concerns(session, token, scheme) && (meaning.EndTokenSessions || session.Transport != SessionTransport.Tokens)
                && await sessions.EndAsync(session.Handle, EndReason.SignedOutAtProvider, Caller.Application, cancellationToken))
            {
                ended++;
            }
        }

        LogEnded(scheme, ended);
    }

    private async IAsyncEnumerable<Session> CandidatesAsync(
        LogoutToken token, BackChannelLogoutOptions meaning, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (token.Subject is { } sub)
        {
            if (await meaning.SubjectFor(sub, cancellationToken) is { } subject)
            {
                foreach (var session in await sessions.ListAsync(SessionPolicy.DefaultTenant, subject, cancellationToken))
                {
                    yield return session;
                }
            }

            yield break;
        }

        // The few providers that name the session alone leave no index to use: everybody's are looked through, in pages.
        string? cursor = null;
        do
        {
            var page = await store.BrowseAsync(SessionPolicy.DefaultTenant, cursor, PageSize, cancellationToken);
            foreach (var session in page.Sessions)
            {
                yield return session;
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    private static bool Concerns(Session session, LogoutToken token, string scheme) =>
        session.Claims.Contains(new SessionClaim(HoldfastDefaults.ProviderClaim, scheme))
        && (token.SessionId is not { } sid || session.Claims.Contains(new SessionClaim("sid", sid)));

    private void Forget()
    {
        var now = clock.GetUtcNow();
        foreach (var spent in _seen.Where(one => one.Value <= now))
        {
            _seen.TryRemove(spent);
        }
    }

    private IResult Refuse(string fault)
    {
        LogRefused(fault);
        return Results.Json(new { error = "invalid_request", error_description = fault }, statusCode: StatusCodes.Status400BadRequest);
    }

    [LoggerMessage(1070, LogLevel.Information, "A logout at the provider {Scheme} ended {Count} sessions.")]
    private partial void LogEnded(string scheme, int count);

    [LoggerMessage(1071, LogLevel.Warning, "Refused a logout token: {Fault}")]
    private partial void LogRefused(string fault);
}
