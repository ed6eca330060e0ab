using Holdfast.Protocol;
using Holdfast.Server.Applications;
using Holdfast.Server.OpenApi;

namespace Holdfast.Server.Api;

/// <summary>The API for backends: every address, what it takes and gives, and the scope that it asks for.</summary>
internal static class ApiRoutes
{
    private const string SubjectMeaning = "The user's id, percent-encoded, slashes included.";
    private const string ReasonMeaning = "`signed_out`, `ended_by_user` or `revoked`, the default.";

    public static void MapApi(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/v1").AddEndpointFilter<ApiAccess>();
        api.MapGet("/application", ApplicationApi.Handle).NeedsAnyKey()
            .Gives<ApplicationRecord>(200, Examples.Application).Refuses()
            .Says("Read the calling application", "Who the caller is here, and what its clients need to know to check sessions by themselves.");
        api.MapPost("/sessions", CreatingApi.CreateAsync).Needs(ApplicationScopes.Create)
            .Takes<CreateSessionRequest>(Examples.Create).Gives<CredentialsResponse>(201, Examples.Created).Refuses(400, 409, 413, 415)
            .Says("Start a session", "For a subject whose proof the application has checked: always a new handle and a new secret.");
        api.MapPost("/verify", VerifyApi.HandleAsync).Needs(ApplicationScopes.Read)
            .Takes<VerifyRequest>(Examples.Verify).Gives<VerifyResponse>(200, Examples.Verified).Refuses(400, 413, 415)
            .Says("Verify a credential", "Live, or invalid with the reason. 503 if nobody knows: neither the one nor the other.");
        api.MapPost("/refresh", RefreshApi.HandleAsync).Needs(ApplicationScopes.Create)
            .Takes<ExchangeRequest>(Examples.Exchange).Gives<ExchangeResponse>(200, Examples.Exchanged).Refuses(400, 413, 415)
            .Says("Exchange a refresh token", "For the application's own clients: the next credentials, in the way that the token came, or invalid with the reason. 503 if nobody knows.");
        api.MapGet("/sessions", SessionsApi.BrowseAsync).Needs(ApplicationScopes.Admin)
            .Gives<SessionPageRecord>(200, Examples.Page).Refuses(400).Query("cursor", "Where the last page ended.").Query("tenant", "The application's own tenant, or absent.")
            .Says("Browse sessions", "All live sessions of the tenant, in pages, newest first on one node's store.");
        api.MapGet("/sessions/{sid}", SessionsApi.GetAsync).Needs(ApplicationScopes.Read)
            .Gives<SessionDetail>(200, Examples.Session).Refuses(404).Says("Read a session", "By its handle.");
        api.MapDelete("/sessions/{sid}", SessionsApi.EndAsync).Needs(ApplicationScopes.End)
            .Gives(204).Refuses(400, 404).Query("reason", ReasonMeaning).Says("End a session", "Durable when the answer arrives; repeating it is harmless.");
        api.MapPost("/sessions/{sid}/elevate", CreatingApi.ElevateAsync).Needs(ApplicationScopes.Create)
            .Takes<ElevateRequest>(Examples.Elevate).Gives<CredentialsResponse>(200, Examples.Created).Refuses(400, 404, 413, 415)
            .Says("Step up", "The application has checked a further proof: the session counts as more for a while, under a new credential.");
        api.MapGet("/sessions/{sid}/data", DataApi.GetAsync).Needs(ApplicationScopes.Read)
            .Gives<object>(200, Examples.Data).Refuses(404).Says("Read a session's data", "One object; its ETag names this state of it.");
        api.MapPatch("/sessions/{sid}/data", DataApi.PatchAsync).Needs(ApplicationScopes.Create)
            .Takes<object>(Examples.Patch, "application/merge-patch+json", "application/json").Gives<object>(200, Examples.Data).Refuses(400, 404, 409, 412, 413, 415)
            .Says("Change a session's data", "A merge patch by field: null removes one, fields that are not named stay. If-Match makes it conditional.");
        api.MapGet("/subjects/{subject}/sessions", SessionsApi.ListAsync).Needs(ApplicationScopes.Read)
            .Gives<SessionPageRecord>(200, Examples.Page).Refuses(400).Path("subject", SubjectMeaning).Says("List a user's sessions", "Their devices, newest first.");
        api.MapDelete("/subjects/{subject}/sessions", SessionsApi.EndAllAsync).Needs(ApplicationScopes.End)
            .Gives(204).Refuses(400).Path("subject", SubjectMeaning).Query("except", "The handle of one that goes on.").Query("reason", ReasonMeaning)
            .Says("End a user's sessions", "All of them, or all but one, by one write; a sign-in that is under way is refused.");
        api.MapGet("/feed", FeedApi.HandleAsync).Needs(ApplicationScopes.Read)
            .Gives<FeedResponse>(200, Examples.Feed).Refuses(400)
            .Query("after", "The position of the last answer; absent for the beginning.").Query("wait_ms", "How long to wait for news; by default half the staleness bound, which is also the most.")
            .Says("Follow the endings", "For applications that check sessions by themselves: what ended, stepped up or was overtaken in the caller's tenant since a position. What a follower knows is good until its own sending time, less age_ms, plus max_staleness_ms.");
        api.MapPost("/activity", ActivityApi.ActivityAsync).Needs(ApplicationScopes.Read)
            .Takes<ActivityRequest>(Examples.Activity).Gives(204).Refuses(400, 413, 415)
            .Says("Tell of activity", "What an application that checks sessions by itself saw, in batches of at most 500.");
        api.MapPost("/events", ActivityApi.EventAsync).Needs(ApplicationScopes.Create)
            .Takes<EventRequest>(Examples.Event).Gives(204).Refuses(400, 413, 415)
            .Says("Record an event", "What only the application sees: a sign-in that failed.");
    }

    private static RouteHandlerBuilder NeedsAnyKey(this RouteHandlerBuilder route) => route.WithMetadata(new RequiredScope(null));

    private static RouteHandlerBuilder Needs(this RouteHandlerBuilder route, string scope) => route.WithMetadata(new RequiredScope(scope));
}
