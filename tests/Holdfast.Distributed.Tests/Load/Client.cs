using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;

namespace Holdfast.Distributed.Tests.Load;

/// <summary>One session and what proves it, as its holder keeps it. Asks any node, and records what it saw.</summary>
internal sealed class Client(Deployment deployment, HistoryRecorder history, string subject, bool usesTokens)
{
    private const string CookieName = "__Host-Http-holdfast";
    private const string CsrfHeader = "X-CSRF-Token";
    private const string WorkerHeader = "Worker";

    private volatile Held? _held;

    /// <summary>The handle; null until a sign-in was acknowledged.</summary>
    public string? Session => _held?.Session;

    public bool UsesTokens => usesTokens;

    /// <summary>Signs in, and keeps what it is given.</summary>
    public async Task<Outcome> SignInAsync(int node)
    {
        var answer = await SendAsync(Act.SignIn, node, HttpMethod.Post, $"/{(usesTokens ? "tokens" : "sign-in")}/{subject}", null, async (operation, response) =>
        {
            _held = usesTokens
                ? Tokens(await response.Content.ReadFromJsonAsync<JsonElement>())
                : new Held(await response.Content.ReadAsStringAsync(), CookieIn(response), null, default) { CsrfToken = HeaderOf(response, CsrfHeader) };
            return operation with { Session = _held.Session };
        });
        return answer.Outcome;
    }

    public async Task<Outcome> CheckAsync(int node) => (await ObserveAsync(node)).Outcome;

    /// <summary>Checks, and tells everything that there was to see.</summary>
    public Task<Operation> ObserveAsync(int node) => SendAsync(Act.Check, node, HttpMethod.Get, "/check", null, async (operation, response) =>
    {
        var sid = await response.Content.ReadAsStringAsync();
        return sid == operation.Session ? operation : operation with { Outcome = Outcome.Unexpected, Detail = $"It is about {sid}." };
    });

    /// <summary>
    /// Shows the refresh token that it holds, and answers what came back, which is not yet kept: see <see cref="Keep"/>. Given a time, the
    /// client gives up after it, and the answer is lost.
    /// </summary>
    public async Task<Held?> RefreshAsync(int node, TimeSpan? giveUpAfter = null)
    {
        Held? next = null;
        using var giveUp = new CancellationTokenSource();
        if (giveUpAfter is { } time)
        {
            giveUp.CancelAfter(time);
        }

        var body = JsonContent.Create(new { refresh_token = _held!.Refresh });
        await SendAsync(Act.Refresh, node, HttpMethod.Post, "/auth/refresh", body, async (operation, response) =>
        {
            next = Tokens(await response.Content.ReadFromJsonAsync<JsonElement>(giveUp.Token));
            return operation with { Successor = next.Refresh };
        }, giveUp.Token);
        return next;
    }

    /// <summary>Goes on with what a refresh answered, if it did.</summary>
    public void Keep(Held? answered) => _held = answered ?? _held;

    public Task<Outcome> SignOutAsync(int node) => LogOutAsync(Act.EndSession, node, "this");

    public Task<Outcome> EndOthersAsync(int node) => LogOutAsync(Act.EndOthers, node, "others");

    public Task<Outcome> EndAllAsync(int node) => LogOutAsync(Act.EndSubject, node, "all");

    public async Task<Outcome> EndByAdministratorAsync(int node) =>
        (await SendAsync(Act.EndSession, node, HttpMethod.Post, $"/admin/end/{Session}", null)).Outcome;

    public async Task<Outcome> EndSubjectByAdministratorAsync(int node) =>
        (await SendAsync(Act.EndSubject, node, HttpMethod.Post, $"/admin/end-all/{subject}", null)).Outcome;

    private async Task<Outcome> LogOutAsync(Act act, int node, string scope) =>
        (await SendAsync(act, node, HttpMethod.Post, "/auth/logout", JsonContent.Create(new { scope }))).Outcome;

    private async Task<Operation> SendAsync(
        Act act,
        int node,
        HttpMethod method,
        string path,
        HttpContent? content,
        Func<Operation, HttpResponseMessage, Task<Operation>>? read = null,
        CancellationToken giveUp = default)
    {
        var held = act == Act.SignIn ? null : _held;
        using var request = new HttpRequestMessage(method, new Uri(deployment.Nodes[node].Address, path)) { Content = content };
        if (held is not null && act != Act.Refresh && !path.StartsWith("/admin", StringComparison.Ordinal))
        {
            Prove(request, held);
        }

        var operation = new Operation(act, node, subject, held?.Session, history.Now, default, Outcome.NoAnswer)
        {
            TokenSince = usesTokens && act is Act.Check or Act.EndOthers or Act.EndSubject or Act.EndSession ? held?.TokenSince : null,
            Presented = act == Act.Refresh ? held?.Refresh : null,
        };
        try
        {
            using var response = await deployment.Http.SendAsync(request, giveUp);
            var (outcome, detail) = await JudgeAsync(response, giveUp);
            operation = operation with { Outcome = outcome, Detail = detail, Worker = HeaderOf(response, WorkerHeader) };
            if (outcome == Outcome.Done)
            {
                Renew(response);
                operation = read is null ? operation : await read(operation, response);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            operation = operation with { Outcome = giveUp.IsCancellationRequested ? Outcome.Abandoned : Outcome.NoAnswer, Detail = exception.Message };
        }

        operation = operation with { Received = history.Now };
        history.Add(operation);
        return operation;
    }

    private static async Task<(Outcome, string?)> JudgeAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return (Outcome.Done, null);
        }

        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        var reason = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString() : null;
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized when reason == "token_expired" => (Outcome.TokenExpired, reason),
            HttpStatusCode.Unauthorized when reason == "reauthentication_required" => (Outcome.TooLongAgo, reason),
            HttpStatusCode.Unauthorized when reason is not null => (Outcome.Refused, reason),
            HttpStatusCode.Conflict => (Outcome.Conflict, reason),
            HttpStatusCode.ServiceUnavailable when reason == "store_unavailable" => (Outcome.Unavailable, reason),
            _ => (Outcome.Unexpected, $"{(int)response.StatusCode} {body}"),
        };
    }

    private void Prove(HttpRequestMessage request, Held held)
    {
        if (usesTokens)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", held.Credential);
        }
        else
        {
            request.Headers.Add("Cookie", $"{CookieName}={held.Credential}");
            if (held.CsrfToken is { } token)
            {
                request.Headers.Add(CsrfHeader, token);
            }
        }
    }

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.Single() : null;

    // A browser keeps whatever cookie came last.
    private void Renew(HttpResponseMessage response)
    {
        if (_held is { } held && !usesTokens && CookieIn(response) is { Length: > 0 } renewed)
        {
            _held = held with { Credential = renewed };
        }
    }

    private static string CookieIn(HttpResponseMessage response) =>
        (response.Headers.TryGetValues("Set-Cookie", out var lines) ? lines : []).Select(line => line.Split(';')[0].Split('=', 2))
            .LastOrDefault(pair => pair[0] == CookieName)?[1] ?? "";

    private Held Tokens(JsonElement answer)
    {
        var token = answer.GetProperty("access_token").GetString()!;
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        using var claims = JsonDocument.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
        return new Held(claims.RootElement.GetProperty("sid").GetString()!, token, answer.GetProperty("refresh_token").GetString(), history.Now);
    }

    /// <summary>A session and what proves it: a cookie, or an access and a refresh token.</summary>
    internal sealed record Held(string Session, string Credential, string? Refresh, TimeSpan TokenSince)
    {
        /// <summary>What a change with the cookie needs besides it, on nodes that ask for it.</summary>
        public string? CsrfToken { get; init; }
    }
}
