namespace Holdfast.Distributed.Tests.Checking;

/// <summary>What a client asks of a node.</summary>
public enum Act
{
    SignIn = 0,
    Check = 1,
    Refresh = 2,

    /// <summary>Ends one session: its own sign-out, or an administrator.</summary>
    EndSession = 3,

    /// <summary>Ends every session of the subject but the one that asks.</summary>
    EndOthers = 4,

    /// <summary>Ends every session of the subject.</summary>
    EndSubject = 5,
}

/// <summary>What it was answered.</summary>
public enum Outcome
{
    /// <summary>2xx: signed in, live, refreshed, ended.</summary>
    Done = 0,

    /// <summary>401 (and RFC 6749's invalid_grant): there is no such session any more.</summary>
    Refused = 1,

    /// <summary>401 <c>token_expired</c>: refresh, and go on.</summary>
    TokenExpired = 2,

    /// <summary>503.</summary>
    Unavailable = 3,

    /// <summary>409 to a sign-in: everything of its subject was ended meanwhile.</summary>
    Conflict = 4,

    /// <summary>No answer: the connection failed, or the client's patience ended.</summary>
    NoAnswer = 5,

    /// <summary>The client gave up before an answer could come, on purpose: the answer is lost.</summary>
    Abandoned = 6,

    /// <summary>401 <c>reauthentication_required</c>: signed in, but too long ago for this.</summary>
    TooLongAgo = 7,

    /// <summary>Anything else.</summary>
    Unexpected = 8,
}

/// <summary>One request, as its client saw it: nothing is taken from the clocks or the words of a node.</summary>
/// <param name="Act">What was asked.</param>
/// <param name="Node">The node that was asked.</param>
/// <param name="Subject">Whose session it is about.</param>
/// <param name="Session">The session: the one that asks (<see cref="Act.EndOthers"/>: and that stays); null where there is none.</param>
/// <param name="Sent">Before the request was sent, on the controller's monotonic clock.</param>
/// <param name="Received">After its answer had been received, or given up.</param>
/// <param name="Outcome">The answer.</param>
internal sealed record Operation(Act Act, int Node, string Subject, string? Session, TimeSpan Sent, TimeSpan Received, Outcome Outcome)
{
    /// <summary>The answer in words, where it is not as expected.</summary>
    public string? Detail { get; init; }

    /// <summary>Which process of the node answered, where it says so because it has several.</summary>
    public string? Worker { get; init; }

    /// <summary>When the access token that was shown had been received; null for cookies.</summary>
    public TimeSpan? TokenSince { get; init; }

    /// <summary>Refresh: the token that was shown.</summary>
    public string? Presented { get; init; }

    /// <summary>Refresh: the token that came back.</summary>
    public string? Successor { get; init; }

    public bool Ends => Act is Act.EndSession or Act.EndOthers or Act.EndSubject;

    /// <summary>An answer about a session that its holder could take for "you are signed out".</summary>
    public bool SaysSignedOut => Outcome == Outcome.Refused && Act != Act.SignIn;

    public override string ToString() =>
        $"{Act} of {Session ?? Subject} at node {Node}{(Worker is null ? "" : $" ({Worker})")}, {Sent.TotalMilliseconds:F0}-{Received.TotalMilliseconds:F0} ms: {Outcome} {Detail}"
        + (Act == Act.Refresh ? $" {Name(Presented)} -> {Name(Successor)}" : "");

    // Enough of a token to tell it from others, and not enough to use it.
    private static string Name(string? token) => token is null ? "nothing" : token[^Math.Min(6, token.Length)..];
}

/// <summary>When something was wrong, and where.</summary>
/// <param name="Kind">What.</param>
/// <param name="Node">The node that it concerns; null: all of them.</param>
/// <param name="From">When it began.</param>
/// <param name="To">When everything answered again.</param>
internal sealed record Disturbance(DisturbanceKind Kind, int? Node, TimeSpan From, TimeSpan To)
{
    public bool Covers(Operation operation) => (Node is null || Node == operation.Node) && operation.Sent <= To && operation.Received >= From;
}

/// <summary>What may be wrong.</summary>
internal enum DisturbanceKind
{
    /// <summary>The store cannot be asked, or is slow: answers may be 503.</summary>
    Store = 0,

    /// <summary>The node is not there, or just came or goes: there may be no answer.</summary>
    Node = 1,

    /// <summary>The clock of the node is not the time.</summary>
    Clock = 2,

    /// <summary>A master of the store went, and what it alone had written.</summary>
    Failover = 3,
}

/// <summary>Everything that happened in one run.</summary>
internal sealed record History(IReadOnlyList<Operation> Operations, IReadOnlyList<Disturbance> Disturbances);
