using Holdfast.Distributed.Tests.Checking;
using Holdfast.Distributed.Tests.Deployments;
using Holdfast.Distributed.Tests.Load;

namespace Holdfast.Distributed.Tests.Faults;

/// <summary>One fault under load: it begins in a healthy deployment, ends in a healthy one, and its whole history is judged.</summary>
internal sealed class FaultRun(Deployment deployment, HistoryRecorder history, SteadyLoad load)
{
    private const int EndingsAround = 3;

    /// <summary>Runs it, prints its counts, and fails if it broke a promise.</summary>
    /// <param name="deployment">Where.</param>
    /// <param name="name">What the fault is, in the table.</param>
    /// <param name="fault">Says what it disturbs, does it, and undoes it.</param>
    public static async Task<Verdict> OfAsync(Deployment deployment, string name, Func<FaultRun, Task> fault)
    {
        var history = new HistoryRecorder();
        await using var load = SteadyLoad.Start(deployment, history);
        var run = new FaultRun(deployment, history, load);
        await load.WaitForEndingsAsync(EndingsAround);
        await fault(run);
        await run.RecoverAsync();
        await load.WaitForEndingsAsync(EndingsAround);
        await load.FinishAsync();
        var verdict = Checker.Check(history.ToHistory(), Deployment.MaxStaleness);
        FaultReport.Add(deployment, name, verdict);
        Assert.True(
            verdict.Violations.Count == 0,
            $"{name}: {verdict.Violations.Count} violations.\n{string.Join('\n', verdict.Violations.Take(20))}\nBefore the first:\n{string.Join('\n', Before(verdict, history))}");
        return verdict;
    }

    // What else was asked about the session of the first violation, for whoever has to find out why.
    private static IEnumerable<Operation> Before(Verdict verdict, HistoryRecorder history) =>
        verdict.Violations.Select(violation => violation.Operation).Take(1).SelectMany(first => history.ToHistory().Operations
            .Where(operation => operation.Subject == first.Subject && operation.Act != Act.Check && operation.Sent <= first.Received)
            .OrderBy(operation => operation.Sent).TakeLast(15));

    /// <summary>From now until everything answers again, this may show.</summary>
    public void Disturb(DisturbanceKind kind, int? node = null) => history.Disturb(kind, node);

    /// <summary>Until everything answers again, which needs nobody's help.</summary>
    public async Task RecoverAsync()
    {
        await deployment.WaitUntilAllAnswerAsync();
        history.Recovered();
    }

    /// <summary>How long the fault lasts: time itself is what is being waited for.</summary>
    public Task LastAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    /// <summary>How long the fault lasts, in endings.</summary>
    public Task LastForEndingsAsync(int endings) => load.WaitForEndingsAsync(endings);

    /// <summary>Kills a node, or asks it to go, and starts it again.</summary>
    public async Task RestartAsync(int node, bool kill)
    {
        Disturb(DisturbanceKind.Node, node);
        await (kill ? deployment.Nodes[node].KillAsync() : deployment.Nodes[node].TerminateAsync());
        await deployment.Nodes[node].StartAsync(deployment.Http);
    }

    /// <summary>Sets the clocks of two nodes an hour off, one forward and one back, lets them work so, and sets them right again.</summary>
    public async Task StepClocksAsync(Func<Task> meanwhile)
    {
        (int Node, int Hours)[] steps = [(1, 1), (2, -1)];
        foreach (var (node, hours) in steps)
        {
            Disturb(DisturbanceKind.Clock, node);
            await deployment.SetClockAsync(node, TimeSpan.FromHours(hours));
        }

        await meanwhile();
        foreach (var (node, _) in steps)
        {
            await deployment.SetClockAsync(node, TimeSpan.Zero);
        }
    }
}
