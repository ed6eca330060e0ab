namespace Holdfast.Distributed.Tests.Checking;

/// <summary>A rule that a history broke, and the operation that shows it.</summary>
internal sealed record Violation(string Rule, Operation Operation, Operation? Against = null)
{
    public override string ToString() => $"{Rule}: {Operation}{(Against is null ? "" : $" -- against {Against}")}";
}

/// <summary>What a history amounts to.</summary>
internal sealed record Verdict(IReadOnlyList<Violation> Violations)
{
    public required int Operations { get; init; }

    /// <summary>Acknowledged endings.</summary>
    public required int Endings { get; init; }

    public required int Checks { get; init; }

    public required int Unavailable { get; init; }

    /// <summary>Requests that had no answer.</summary>
    public required int Unanswered { get; init; }

    public required int TokensExpired { get; init; }

    /// <summary>Sessions whose creation was acknowledged, and that a failover lost.</summary>
    public required int Lost { get; init; }

    /// <summary>The longest time from an acknowledged ending to the sending of a check that was answered live; zero if there was none.</summary>
    public required TimeSpan WorstLateness { get; init; }
}

/// <summary>
/// Reads a history and says which promises it breaks. It believes only what clients saw: a request took effect at some moment between
/// its sending and its answer or, if it was not acknowledged, at any later time or never. What may have been either way is not held
/// against anybody; what cannot have been otherwise is.
/// </summary>
internal sealed class Checker
{
    public const string Late = "a check was answered live after the staleness bound";
    public const string CameBack = "an ended session came back";
    public const string Refreshed = "an ended session was refreshed";
    public const string LoggedOut = "a session that nobody had ended was refused";
    public const string ExpiredEarly = "an access token was called expired before its time";
    public const string Forked = "one refresh token has two successors";
    public const string Unavailable = "503 where nothing was wrong";
    public const string Unanswered = "no answer from a node that was there";
    public const string Unexpected = "an answer that no rule allows";

    /// <summary>Asynchronous replication may lose what was acknowledged this long before a master went.</summary>
    public static readonly TimeSpan ReplicationLag = TimeSpan.FromSeconds(2);

    /// <summary>Nodes hand out access tokens for five minutes; this much of it must be had whatever the delays.</summary>
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(4);

    private readonly History _history;
    private readonly TimeSpan _maxStaleness;
    private readonly List<Violation> _violations = [];
    private readonly ILookup<string, Operation> _endings;
    private TimeSpan _worst;
    private int _lost;

    private Checker(History history, TimeSpan maxStaleness)
    {
        (_history, _maxStaleness) = (history, maxStaleness);
        _endings = history.Operations.Where(operation => operation.Ends).ToLookup(operation => operation.Subject);
    }

    public static Verdict Check(History history, TimeSpan maxStaleness)
    {
        var checker = new Checker(history, maxStaleness);
        checker.CheckAnswers();
        checker.CheckSessions();
        checker.CheckLineages();
        var operations = history.Operations;
        return new Verdict(checker._violations)
        {
            Operations = operations.Count,
            Endings = operations.Count(operation => operation is { Ends: true, Outcome: Outcome.Done }),
            Checks = operations.Count(operation => operation.Act == Act.Check),
            Unavailable = operations.Count(operation => operation.Outcome == Outcome.Unavailable),
            Unanswered = operations.Count(operation => operation.Outcome == Outcome.NoAnswer),
            TokensExpired = operations.Count(operation => operation.Outcome == Outcome.TokenExpired),
            Lost = checker._lost,
            WorstLateness = checker._worst,
        };
    }

    // Each answer by itself: an outage may show as 503 where there is one, and as nothing else.
    private void CheckAnswers()
    {
        foreach (var operation in _history.Operations)
        {
            var rule = operation.Outcome switch
            {
                Outcome.Unexpected => Unexpected,
                Outcome.Refused when operation.Act == Act.SignIn => Unexpected,
                Outcome.Unavailable when !IsDuring(operation, DisturbanceKind.Store, DisturbanceKind.Node, DisturbanceKind.Failover) => Unavailable,
                Outcome.NoAnswer when !IsDuring(operation, DisturbanceKind.Node) => Unanswered,
                Outcome.Conflict when operation.Act != Act.SignIn || !WasOvertaken(operation) => Unexpected,
                Outcome.TokenExpired when !MayHaveExpired(operation) => ExpiredEarly,

                // Nobody here is signed in for long: it takes a wrong clock to say so.
                Outcome.TooLongAgo when !WasClockSet(operation) => Unexpected,
                _ => null,
            };
            Add(rule, operation);
        }
    }

    private void CheckSessions()
    {
        foreach (var session in _history.Operations.Where(operation => operation.Session is not null).GroupBy(operation => operation.Session))
        {
            if (session.SingleOrDefault(operation => operation.Act == Act.SignIn) is not { Outcome: Outcome.Done } creation)
            {
                throw new ArgumentException($"The history does not say when session {session.Key} began.");
            }

            Operation[] endings = [.. _endings[creation.Subject].Where(ending => Aims(ending, creation))];
            CheckEnded(session, [.. endings.Where(ending => ending.Outcome == Outcome.Done && creation.Received < ending.Sent)]);
            CheckHonest(session, creation, [.. endings.Where(ending => MayConcern(ending, creation))]);
        }
    }

    // Endings that were acknowledged, of a session that was there when they were sent.
    private void CheckEnded(IEnumerable<Operation> session, IReadOnlyCollection<Operation> endings)
    {
        if (endings.MinBy(ending => ending.Received) is not { } ending)
        {
            return;
        }

        // Of several workers each knows by itself: one refuses at once, another within the bound.
        var refusedAt = new Dictionary<(int Node, string? Worker), Operation>();
        foreach (var operation in session.Where(operation => operation.Act is Act.Check or Act.Refresh).OrderBy(operation => operation.Received))
        {
            var lateness = operation.Sent - ending.Received;
            if (operation.SaysSignedOut)
            {
                refusedAt.TryAdd((operation.Node, operation.Worker), operation);
            }
            else if (operation.Outcome == Outcome.Done && lateness > TimeSpan.Zero)
            {
                if (operation.Act == Act.Refresh)
                {
                    // Who refreshes asks the store, which has the ending.
                    Add(Refreshed, operation, ending);
                    continue;
                }

                _worst = lateness > _worst ? lateness : _worst;
                Add(lateness > _maxStaleness ? Late : null, operation, ending);
                Add(refusedAt.TryGetValue((operation.Node, operation.Worker), out var refusal) && refusal.Received < operation.Sent ? CameBack : null, operation, refusal);
            }
        }
    }

    // Whoever holds a session that nobody tried to end must never hear that it is gone.
    private void CheckHonest(IEnumerable<Operation> session, Operation creation, IReadOnlyCollection<Operation> endings)
    {
        Operation[] refusals = [.. session.Where(operation => operation.SaysSignedOut && !endings.Any(ending => ending.Sent < operation.Received))];
        if (refusals.Length > 0 && MayBeLost(creation))
        {
            _lost++;
            return;
        }

        foreach (var refusal in refusals)
        {
            Add(LoggedOut, refusal);
        }
    }

    // However often and wherever one refresh token was shown, there is one successor.
    private void CheckLineages()
    {
        foreach (var token in _history.Operations.Where(operation => operation is { Act: Act.Refresh, Outcome: Outcome.Done }).GroupBy(operation => operation.Presented))
        {
            var first = token.First();
            Add(token.All(operation => operation.Successor == first.Successor) ? null : Forked, first, token.FirstOrDefault(operation => operation.Successor != first.Successor));
        }
    }

    // An ending that was not acknowledged may still be under way, and end what began after it.
    private static bool MayConcern(Operation ending, Operation creation) => ending.Outcome switch
    {
        Outcome.Refused or Outcome.TokenExpired or Outcome.TooLongAgo => false,
        Outcome.Done => creation.Sent < ending.Received,
        _ => true,
    };

    private static bool Aims(Operation ending, Operation creation) => ending.Act switch
    {
        Act.EndSession => ending.Session == creation.Session,
        Act.EndOthers => ending.Session != creation.Session,
        _ => true,
    };

    private bool WasOvertaken(Operation signIn) =>
        _endings[signIn.Subject].Any(ending => ending.Act != Act.EndSession && ending.Sent < signIn.Received && MayConcern(ending, signIn));

    private bool MayHaveExpired(Operation operation) =>
        operation.TokenSince is { } since
        && (operation.Sent - since > TokenLife

            // Ending the others makes the access tokens of the one that stays old, so that it refreshes them.
            || _endings[operation.Subject].Any(ending => ending.Act == Act.EndOthers && ending.Session == operation.Session && ending.Sent < operation.Received)

            // A clock that was set may have dated the token, too.
            || WasClockSet(operation));

    private bool WasClockSet(Operation before) =>
        _history.Disturbances.Any(disturbance => disturbance.Kind == DisturbanceKind.Clock && disturbance.From <= before.Received);

    private bool MayBeLost(Operation creation) => _history.Disturbances.Any(failover =>
        failover.Kind == DisturbanceKind.Failover && creation.Received >= failover.From - ReplicationLag && creation.Sent <= failover.To);

    private bool IsDuring(Operation operation, params ReadOnlySpan<DisturbanceKind> kinds)
    {
        foreach (var disturbance in _history.Disturbances)
        {
            if (kinds.Contains(disturbance.Kind) && disturbance.Covers(operation))
            {
                return true;
            }
        }

        return false;
    }

    private void Add(string? rule, Operation operation, Operation? against = null)
    {
        if (rule is not null)
        {
            _violations.Add(new Violation(rule, operation, against));
        }
    }
}
