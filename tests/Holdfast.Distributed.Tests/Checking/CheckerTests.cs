namespace Holdfast.Distributed.Tests.Checking;

/// <summary>The judge is judged first: each rule sees the history that breaks it, and leaves alone the one that merely looks so.</summary>
public sealed class CheckerTests
{
    private const string Ada = "ada";
    private const string Laptop = "laptop";
    private const string Phone = "phone";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private readonly List<Operation> _operations = [];
    private readonly List<Disturbance> _disturbances = [];

    public CheckerTests()
    {
        At(0, 10, Act.SignIn, Laptop);
        At(0, 10, Act.SignIn, Phone);
    }

    [Fact]
    public void A_quiet_history_breaks_nothing_and_is_counted()
    {
        At(20, 30, Act.Check, Laptop);
        At(40, 50, Act.EndSession, Laptop);
        At(60, 70, Act.Check, Laptop, Outcome.Refused);
        At(80, 90, Act.Check, Phone);
        var verdict = Verdict();
        Assert.Empty(verdict.Violations);
        Assert.Equal((6, 1, 3, TimeSpan.Zero), (verdict.Operations, verdict.Endings, verdict.Checks, verdict.WorstLateness));
    }

    [Theory]
    [InlineData(Act.EndSession)]
    [InlineData(Act.EndSubject)]
    public void Live_after_the_bound_is_late_on_any_node_and_within_it_is_not(Act ending)
    {
        At(100, 200, ending, Laptop);
        At(1200, 1210, Act.Check, Laptop, node: 2);
        Assert.Empty(Verdict().Violations);
        Assert.Equal(TimeSpan.FromSeconds(1), Verdict().WorstLateness);
        At(1201, 1210, Act.Check, Laptop, node: 2);
        Assert.Equal([Checker.Late], Rules());
    }

    [Fact]
    public void What_counts_is_when_a_check_was_sent_not_when_its_answer_came()
    {
        At(100, 200, Act.EndSession, Laptop);
        At(190, 9000, Act.Check, Laptop);
        Assert.Empty(Rules());
    }

    [Fact]
    public void Ending_the_others_ends_the_others_alone()
    {
        At(100, 200, Act.EndOthers, Laptop);
        At(2000, 2010, Act.Check, Laptop);
        Assert.Empty(Rules());
        At(2000, 2010, Act.Check, Phone);
        Assert.Equal([Checker.Late], Rules());
    }

    [Fact]
    public void A_session_that_began_beside_or_after_an_ending_of_its_subject_may_live()
    {
        At(5, 20, Act.EndSubject, Laptop);
        At(2000, 2010, Act.Check, Laptop);
        Assert.Empty(Rules());
    }

    [Fact]
    public void An_ending_that_was_not_acknowledged_promises_nothing_and_excuses_a_refusal_later()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Store, null, Ms(100), Ms(200)));
        At(100, 200, Act.EndSession, Laptop, Outcome.Unavailable);
        At(2000, 2010, Act.Check, Laptop);
        At(3000, 3010, Act.Check, Laptop, Outcome.Refused);
        Assert.Empty(Rules());
    }

    [Fact]
    public void A_session_that_a_node_had_already_refused_does_not_live_there_again_even_within_the_bound()
    {
        At(100, 200, Act.EndSession, Laptop);
        At(210, 220, Act.Check, Laptop, Outcome.Refused, node: 1);
        At(230, 240, Act.Check, Laptop, node: 2);
        Assert.Empty(Rules());
        At(230, 240, Act.Check, Laptop, node: 1);
        Assert.Equal([Checker.CameBack], Rules());
    }

    [Fact]
    public void A_worker_beside_the_one_that_refused_may_call_a_session_live_within_the_bound_and_no_longer()
    {
        At(100, 200, Act.EndSession, Laptop);
        At(210, 220, Act.Check, Laptop, Outcome.Refused, worker: "one");
        At(230, 240, Act.Check, Laptop, worker: "another");
        Assert.Empty(Rules());
        At(250, 260, Act.Check, Laptop, worker: "one");
        Assert.Equal([Checker.CameBack], Rules());
        At(1201, 1210, Act.Check, Laptop, worker: "another");
        Assert.Equal([Checker.CameBack, Checker.Late], Rules());
    }

    [Fact]
    public void An_ended_session_is_not_refreshed_from_the_moment_of_its_acknowledgement()
    {
        At(100, 200, Act.EndSession, Laptop);
        At(150, 250, Act.Refresh, Laptop);
        Assert.Empty(Rules());
        At(201, 250, Act.Refresh, Laptop);
        Assert.Equal([Checker.Refreshed], Rules());
    }

    [Theory]
    [InlineData(Act.Check)]
    [InlineData(Act.Refresh)]
    [InlineData(Act.EndSession)]
    public void Nobody_is_logged_out_whom_nobody_ended(Act act)
    {
        At(100, 200, Act.EndOthers, Laptop);
        At(300, 310, act, Phone, Outcome.Refused);
        Assert.Empty(Rules());
        At(300, 310, act, Laptop, Outcome.Refused);
        Assert.Equal([Checker.LoggedOut], Rules());
    }

    [Fact]
    public void A_refusal_before_the_ending_was_even_sent_is_a_log_out()
    {
        At(100, 110, Act.Check, Laptop, Outcome.Refused);
        At(120, 130, Act.EndSession, Laptop);
        Assert.Equal([Checker.LoggedOut], Rules());
    }

    [Fact]
    public void An_outage_is_no_reason_to_refuse()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Store, null, Ms(0), Ms(9000)));
        At(100, 110, Act.Check, Laptop, Outcome.Unavailable);
        Assert.Empty(Rules());
        At(100, 110, Act.Check, Laptop, Outcome.Refused);
        Assert.Equal([Checker.LoggedOut], Rules());
    }

    [Fact]
    public void Unavailable_is_an_answer_only_where_something_is_wrong()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Store, 1, Ms(100), Ms(200)));
        At(150, 160, Act.Check, Laptop, Outcome.Unavailable, node: 1);
        Assert.Empty(Rules());
        At(150, 160, Act.Check, Laptop, Outcome.Unavailable, node: 2);
        At(201, 210, Act.Check, Laptop, Outcome.Unavailable, node: 1);
        Assert.Equal([Checker.Unavailable, Checker.Unavailable], Rules());
    }

    [Fact]
    public void Only_a_node_that_is_not_there_gives_no_answer()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Node, 1, Ms(100), Ms(200)));
        At(150, 160, Act.Check, Laptop, Outcome.NoAnswer, node: 1);
        At(150, 160, Act.Check, Laptop, Outcome.Abandoned, node: 2);
        Assert.Empty(Rules());
        _disturbances.Add(new Disturbance(DisturbanceKind.Store, 2, Ms(100), Ms(200)));
        At(150, 160, Act.Check, Laptop, Outcome.NoAnswer, node: 2);
        Assert.Equal([Checker.Unanswered], Rules());
    }

    [Fact]
    public void A_server_error_is_never_an_answer()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Node, null, Ms(0), Ms(9000)));
        At(150, 160, Act.Check, Laptop, Outcome.Unexpected);
        Assert.Equal([Checker.Unexpected], Rules());
    }

    [Fact]
    public void A_sign_in_conflicts_only_with_an_ending_of_its_subject_beside_it()
    {
        At(100, 200, Act.EndSubject, Laptop);
        At(150, 160, Act.SignIn, null, Outcome.Conflict);
        Assert.Empty(Rules());
        At(300, 310, Act.SignIn, null, Outcome.Conflict);
        Assert.Equal([Checker.Unexpected], Rules());
    }

    [Fact]
    public void A_young_access_token_expires_only_where_its_session_ended_the_others_or_a_clock_was_set()
    {
        At(500, 510, Act.Check, Laptop, Outcome.TokenExpired, since: 400);
        Assert.Equal([Checker.ExpiredEarly], Rules());
        _disturbances.Add(new Disturbance(DisturbanceKind.Clock, 1, Ms(450), Ms(480)));
        Assert.Empty(Rules());
        _disturbances.Clear();
        At(450, 490, Act.EndOthers, Laptop);
        Assert.Empty(Rules());
        At(500, 510, Act.Check, Phone, Outcome.TokenExpired, since: 400);
        Assert.Equal([Checker.ExpiredEarly], Rules());
    }

    [Fact]
    public void A_sign_in_is_too_long_ago_only_for_a_clock_that_was_set()
    {
        At(500, 510, Act.EndOthers, Laptop, Outcome.TooLongAgo);
        Assert.Equal([Checker.Unexpected], Rules());
        _disturbances.Add(new Disturbance(DisturbanceKind.Clock, 1, Ms(450), Ms(480)));
        Assert.Empty(Rules());
    }

    [Fact]
    public void An_ending_that_was_refused_excuses_nothing()
    {
        At(300, 310, Act.EndSubject, Laptop, Outcome.TokenExpired, since: 0);
        At(400, 410, Act.Check, Phone, Outcome.Refused);
        _disturbances.Add(new Disturbance(DisturbanceKind.Clock, 1, Ms(200), Ms(480)));
        Assert.Equal([Checker.LoggedOut], Rules());
    }

    [Fact]
    public void An_old_access_token_expires()
    {
        At(250_000, 250_010, Act.Check, Laptop, Outcome.TokenExpired, since: 400);
        Assert.Empty(Rules());
    }

    [Fact]
    public void Parallel_refreshes_with_one_token_have_one_successor()
    {
        At(100, 200, Act.Refresh, Laptop, node: 1);
        At(100, 300, Act.Refresh, Laptop, node: 2);
        Assert.Empty(Rules());
        _operations[^1] = _operations[^1] with { Successor = "another successor" };
        Assert.Equal([Checker.Forked], Rules());
    }

    [Fact]
    public void A_failover_may_lose_what_was_created_just_before_and_that_is_counted()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Failover, null, Ms(1000), Ms(4000)));
        At(5000, 5010, Act.Check, Laptop, Outcome.Refused);
        Assert.Empty(Rules());
        Assert.Equal(1, Verdict().Lost);
    }

    [Fact]
    public void A_failover_loses_nothing_that_was_created_long_before()
    {
        _disturbances.Add(new Disturbance(DisturbanceKind.Failover, null, Ms(9000), Ms(12_000)));
        At(13_000, 13_010, Act.Check, Laptop, Outcome.Refused);
        Assert.Equal([Checker.LoggedOut], Rules());
        Assert.Equal(0, Verdict().Lost);
    }

    [Fact]
    public void A_failover_does_not_bring_back_what_was_ended()
    {
        At(500, 510, Act.EndSession, Laptop);
        _disturbances.Add(new Disturbance(DisturbanceKind.Failover, null, Ms(1000), Ms(4000)));
        At(5000, 5010, Act.Check, Laptop);
        Assert.Equal([Checker.Late], Rules());
    }

    private void At(double sent, double received, Act act, string? session, Outcome outcome = Outcome.Done, int node = 1, double? since = null, string? worker = null) =>
        _operations.Add(new Operation(act, node, Ada, session, Ms(sent), Ms(received), outcome)
        {
            Worker = worker,
            TokenSince = since is { } at ? Ms(at) : null,
            Presented = act == Act.Refresh ? "token" : null,
            Successor = act == Act.Refresh ? "successor" : null,
        });

    private Verdict Verdict() => Checker.Check(new History(_operations, _disturbances), Bound);

    private IEnumerable<string> Rules() => Verdict().Violations.Select(violation => violation.Rule);

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
