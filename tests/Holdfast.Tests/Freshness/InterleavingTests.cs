using System.Diagnostics;
using Holdfast.Auditing;
using Holdfast.Data;
using Holdfast.Freshness;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Tests.Freshness;

/// <summary>
/// The check, the cache, the follower and an ending as they are, in every order in which their calls of the store can begin, take effect and
/// return: not a sample of orders but all of them.
/// </summary>
public sealed class InterleavingTests : IDisposable
{
    private static readonly TimeSpan Bound = new HoldfastOptions().MaxStaleness;
    private static readonly DateTimeOffset Nine = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    // What a run does not change is made once.
    private readonly Engine _parts = new();

    public static TheoryData<string> Endings => ["the session", "everything but another session"];

    [Theory]
    [MemberData(nameof(Endings))]
    [Requirement("LO-01", "LO-03")]
    public void In_every_order_of_check_pull_and_ending_no_check_outlives_the_bound(string what)
    {
        var orders = Schedule.Explore(schedule => RunAsync(schedule, what));
        Assert.InRange(orders, 2_000, 100_000);
    }

    [Fact]
    public void The_explorer_does_find_a_wrong_order()
    {
        // A counter that is read, and written one step later: some order loses an increment.
        var lost = 0;
        Schedule.Explore(async schedule =>
        {
            var counter = 0;
            await Task.WhenAll(IncrementAsync(), IncrementAsync());
            lost += counter == 1 ? 1 : 0;

            async Task IncrementAsync()
            {
                await schedule.StepAsync();
                var read = counter;
                await schedule.StepAsync();
                counter = read + 1;
            }
        });
        Assert.True(lost > 0);
    }

    public void Dispose() => _parts.Dispose();

    private async Task RunAsync(Schedule schedule, string what)
    {
        var clock = new FakeTimeProvider(Nine);
        var sessions = new MemorySessionStore(clock);
        var (store, elsewhere) = (new SteppedStore(sessions, schedule), new SteppedStore(sessions, schedule, readsAtOnce: true));
        var (here, follower) = Node(store, clock);
        var (there, _) = Node(elsewhere, clock);
        var signedIn = await there.SignInAsync(new SignIn { Subject = Engine.Ada }, Engine.Browser, CancellationToken.None);
        var kept = await there.SignInAsync(new SignIn { Subject = Engine.Ada }, Engine.Browser, CancellationToken.None);
        var cookie = signedIn.Credentials!.Cookie!.Reveal();
        await follower.CatchUpAsync(0, CancellationToken.None);
        DateTimeOffset? acknowledged = null;
        store.IsStepped = elsewhere.IsStepped = true;
        await Task.WhenAll(CheckTwiceAsync(), follower.CatchUpAsync(0, CancellationToken.None), EndAsync(), PassTimeAsync());
        store.IsStepped = elsewhere.IsStepped = false;
        clock.Advance(Bound);
        await CheckAsync();

        async Task CheckTwiceAsync()
        {
            await CheckAsync();
            await schedule.StepAsync();
            await CheckAsync();
        }

        async Task CheckAsync()
        {
            var sent = clock.GetUtcNow();
            var check = await here.CheckCookieAsync(cookie, Engine.Tenant, true, Engine.Browser, CancellationToken.None);
            if (acknowledged + Bound <= sent)
            {
                Assert.Equal(Refusal.Revoked, check.Refusal);
            }
        }

        async Task EndAsync()
        {
            await (what == "the session"
                ? there.EndAsync(signedIn.Session!.Handle, EndReason.Revoked, Engine.Browser, CancellationToken.None).AsTask()
                : there.EndAllAsync(Engine.Tenant, Engine.Ada, kept.Session!.Handle, EndReason.Revoked, Engine.Browser, CancellationToken.None).AsTask());
            acknowledged = clock.GetUtcNow();
        }

        async Task PassTimeAsync()
        {
            await schedule.StepAsync();
            clock.Advance(Bound);
        }
    }

    private (SessionManager Sessions, FeedFollower Follower) Node(ISessionStore store, FakeTimeProvider clock)
    {
        var memory = new SessionMemory(1, _parts.Options, new StoreClock(clock));
        var events = new SessionEvents(clock, new SessionEventQueue([], clock, NullLogger<SessionEventQueue>.Instance), NullLogger<SessionEvents>.Instance);
        return (
            new SessionManager(store, memory, _parts.Keys, _parts.KeyRing, _parts.Options, new TouchBuffer(store), events),
            new FeedFollower(store, memory, _parts.Options, clock, NullLogger<FeedFollower>.Instance));
    }

    /// <summary>Runs a scenario in every order of its steps, each time from its beginning.</summary>
    private sealed class Schedule
    {
        private readonly List<int> _choices;
        private readonly List<int> _alternatives = [];
        private readonly List<TaskCompletionSource> _waiting = [];

        private Schedule(List<int> choices) => _choices = choices;

        /// <summary>Whoever waits here goes on when the order says so.</summary>
        public Task StepAsync()
        {
            var step = new TaskCompletionSource();
            _waiting.Add(step);
            return step.Task;
        }

        public static int Explore(Func<Schedule, Task> scenario)
        {
            var orders = 0;
            for (List<int>? choices = []; choices is not null; orders++)
            {
                var schedule = new Schedule(choices);
                schedule.Run(scenario(schedule));
                choices = schedule.Next();
            }

            return orders;
        }

        private void Run(Task scenario)
        {
            while (_waiting.Count > 0)
            {
                if (_choices.Count == _alternatives.Count)
                {
                    _choices.Add(0);
                }

                var chosen = _waiting[_choices[_alternatives.Count]];
                _alternatives.Add(_waiting.Count);
                _waiting.Remove(chosen);

                // Runs on, on this thread, until everything waits again.
                chosen.SetResult();
            }

            Debug.Assert(scenario.IsCompleted, "Something left the schedule.");
            scenario.GetAwaiter().GetResult();
        }

        private List<int>? Next()
        {
            for (var depth = _choices.Count - 1; depth >= 0; depth--)
            {
                if (_choices[depth] + 1 < _alternatives[depth])
                {
                    return [.. _choices[..depth], _choices[depth] + 1];
                }
            }

            return null;
        }
    }

    // Reads, pulls and endings begin at one step, take effect at once when it is their turn, and return at another.
    private sealed class SteppedStore(ISessionStore inner, Schedule schedule, bool readsAtOnce = false) : ISessionStore
    {
        public bool IsStepped { get; set; }

        public int Partitions => inner.Partitions;

        public ValueTask<SessionReading> FindAsync(SessionHandle handle, CancellationToken cancellationToken) =>
            readsAtOnce ? inner.FindAsync(handle, cancellationToken) : SteppedAsync(() => inner.FindAsync(handle, cancellationToken));

        public ValueTask<FeedPage> PullAsync(int partition, FeedPosition? from, int count, string node, CancellationToken cancellationToken) =>
            SteppedAsync(() => inner.PullAsync(partition, from, count, node, cancellationToken));

        public ValueTask<bool> ReplaceAsync(Session next, long expectedVersion, CancellationToken cancellationToken) =>
            SteppedAsync(() => inner.ReplaceAsync(next, expectedVersion, cancellationToken));

        public ValueTask<EpochReading> EndAllAsync(string tenant, string subject, SessionHandle? except, EndReason reason, CancellationToken cancellationToken) =>
            SteppedAsync(() => inner.EndAllAsync(tenant, subject, except, reason, cancellationToken));

        public ValueTask<SubjectReading> ReadSubjectAsync(string tenant, string? subject, CancellationToken cancellationToken) => inner.ReadSubjectAsync(tenant, subject, cancellationToken);

        public ValueTask<CreateResult> CreateAsync(NewSession session, CancellationToken cancellationToken) => inner.CreateAsync(session, cancellationToken);

        public ValueTask TouchAsync(IReadOnlyCollection<SessionTouch> batch, CancellationToken cancellationToken) => inner.TouchAsync(batch, cancellationToken);

        public ValueTask<IReadOnlyList<EpochReading>> EndEveryoneAsync(string tenant, EndReason reason, CancellationToken cancellationToken) =>
            inner.EndEveryoneAsync(tenant, reason, cancellationToken);

        public ValueTask<SessionPage> ListAsync(string tenant, string subject, string? cursor, int pageSize, CancellationToken cancellationToken) =>
            inner.ListAsync(tenant, subject, cursor, pageSize, cancellationToken);

        public ValueTask<SessionPage> BrowseAsync(string tenant, string? cursor, int pageSize, CancellationToken cancellationToken) =>
            inner.BrowseAsync(tenant, cursor, pageSize, cancellationToken);

        public ValueTask<SessionData?> ReadDataAsync(SessionHandle handle, CancellationToken cancellationToken) => inner.ReadDataAsync(handle, cancellationToken);

        public ValueTask<DataWriteStatus> WriteDataAsync(SessionHandle handle, IReadOnlyCollection<DataChange> changes, int maxBytes, CancellationToken cancellationToken) =>
            inner.WriteDataAsync(handle, changes, maxBytes, cancellationToken);

        public ValueTask<PurgeResult> PurgeAsync(int batch, CancellationToken cancellationToken) => inner.PurgeAsync(batch, cancellationToken);

        public ValueTask RestoreAsync(int partition, IReadOnlyCollection<FeedEntry> entries, CancellationToken cancellationToken) =>
            inner.RestoreAsync(partition, entries, cancellationToken);

        public IDisposable OnNews(Action<int> ring) => inner.OnNews(ring);

        public ValueTask<StoreDocument?> ReadDocumentAsync(string name, CancellationToken cancellationToken) => inner.ReadDocumentAsync(name, cancellationToken);

        public ValueTask<bool> WriteDocumentAsync(string name, ReadOnlyMemory<byte> content, long expectedVersion, CancellationToken cancellationToken) =>
            inner.WriteDocumentAsync(name, content, expectedVersion, cancellationToken);

        private async ValueTask<T> SteppedAsync<T>(Func<ValueTask<T>> call)
        {
            if (!IsStepped)
            {
                return await call();
            }

            await schedule.StepAsync();
            var answer = await call();
            await schedule.StepAsync();
            return answer;
        }
    }
}
