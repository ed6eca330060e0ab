using System.Collections.Immutable;
using CsCheck;
using Holdfast.Freshness;

namespace Holdfast.Tests.Freshness;

/// <summary>
/// Invariant 2 of the design, for any order of events: no answer from memory is older than the bound. Three nodes, one feed; pulls are
/// delayed, lost, answered late; clocks are set; machines are suspended; the feed is cut off at its old end; the store goes back.
/// </summary>
public sealed class StalenessPropertyTests
{
    private const int Nodes = 3;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private static readonly Gen<Move[]> Moves = Gen.Select(Gen.Enum<Kind>(), Gen.Int[0, Nodes - 1], Gen.Int[0, 3], (kind, node, number) => new Move(kind, node, number)).Array[1, 60];

    private enum Kind
    {
        End,
        Send,
        Send2,
        Answer,
        Answer2,
        Lose,
        Wait,
        Read,
        Suspend,
        SetClock,
        Trim,
        Restore,
    }

    [Fact]
    [Requirement("LO-03", "CR-08")]
    public void No_answer_from_memory_is_older_than_the_bound() => Moves.Sample(moves =>
    {
        var world = new World();
        foreach (var move in moves)
        {
            world.Play(move);
            world.CheckEveryNode();
        }
    }, iter: 20_000);

    [Fact]
    [Requirement("LO-01")]
    public void A_store_that_went_back_is_told_again_everything_that_any_node_knows() => Gen.Select(Moves, Gen.Int[0, 10], Moves).Sample((before, kept, after) =>
    {
        var world = new World();
        foreach (var move in before)
        {
            world.Play(move);
        }

        var known = world.KnownAnywhere();
        world.GoBackTo(kept);
        foreach (var move in after.Where(move => move.Kind is not (Kind.Trim or Kind.Suspend)))
        {
            world.Play(move);
            world.CheckNobodyForgets(known);
        }

        world.Settle();
        Assert.Equal([], known.Except(world.Told()));
        Assert.All(known, session => Assert.All(world.Recalls(session), Assert.False));
    }, iter: 5_000);

    private sealed record Move(Kind Kind, int Node, int Number);

    // The node's memory as it is, around a feed and clocks that the test plays.
    private sealed class Node
    {
        public required PartitionMemory Memory { get; init; }

        public required SettableClock Own { get; init; }

        public (Pull Pull, FeedPage? Page)? UnderWay { get; set; }

        // Endings on their way back to a store that has lost them.
        public IReadOnlyCollection<FeedEntry> Restoring { get; set; } = [];

        // Read from the store under this stamp, as a cache would keep it.
        public Dictionary<int, long> Cached { get; } = [];
    }

    // Its wall can be set apart from its monotonic time.
    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Monotonic { get; set; }

        public TimeSpan Wall { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Monotonic.Ticks;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero) + Wall;
    }

    private sealed class World
    {
        private const int Sessions = 4;

        private readonly Node[] _nodes;
        private readonly Dictionary<int, TimeSpan> _endedAt = [];
        private readonly HashSet<int> _lost = [];
        private ImmutableList<FeedItem> _feed = [];
        private TimeSpan _time;
        private long _places;

        public World() => _nodes = [.. Enumerable.Range(0, Nodes).Select(_ =>
        {
            var own = new SettableClock();
            return new Node { Own = own, Memory = new PartitionMemory(Bound, new StoreClock(own)) };
        })];

        public void Play(Move move)
        {
            var node = _nodes[move.Node];
            switch (move.Kind)
            {
                case Kind.End when !_endedAt.ContainsKey(move.Number):
                    var entry = Ending(move.Number);
                    _feed = _feed.Add(new FeedItem(new FeedPosition(0, ++_places), entry));
                    _endedAt[move.Number] = _time;
                    node.Memory.Wrote(entry);
                    break;
                case Kind.Send or Kind.Send2 when node.UnderWay is null:
                    node.UnderWay = (node.Memory.Begin(), null);
                    break;
                case Kind.Answer or Kind.Answer2 when node.UnderWay is { Page: null } sent:
                    // The store's part now, this node's part at its next move.
                    node.UnderWay = (sent.Pull, Page(sent.Pull, move.Number + 1));
                    break;
                case Kind.Answer or Kind.Answer2 when node.UnderWay is { Page: { } page } answered:
                    Take(node, answered.Pull, page);
                    break;
                case Kind.Lose:
                    node.UnderWay = null;
                    break;
                case Kind.Wait:
                    Pass(TimeSpan.FromMilliseconds(120 * (move.Number + 1)), null);
                    break;
                case Kind.Read when (!_endedAt.ContainsKey(move.Number) || _lost.Contains(move.Number)) && !Knows(node, move.Number):
                    // The store says live, having lost the ending perhaps; what this node knows better it does not keep.
                    node.Cached[move.Number] = node.Memory.Stamp;
                    break;
                case Kind.Restore:
                    Restore(node);
                    break;
                case Kind.Suspend:
                    Pass(TimeSpan.FromMinutes(20 * (move.Number + 1)), node);
                    break;
                case Kind.SetClock:
                    // By amounts that never add up to a suspension: a clock set back by exactly as long as a machine slept would deceive anybody.
                    node.Own.Wall += TimeSpan.FromMinutes(61.7) * (move.Number - 1.5);
                    break;
                case Kind.Trim when _feed.Count > 1:
                    // As clean-up does: what is too old to matter, but never the newest.
                    _feed = _feed.RemoveAll(item => item != _feed[^1] && _endedAt[Number(item.Entry)] < _time - SessionPolicy.EndingMemory);
                    break;
            }
        }

        public void CheckEveryNode()
        {
            foreach (var (session, ended) in _endedAt.Where(one => _time - one.Value >= Bound))
            {
                Assert.All(Recalls(session), Assert.False);
            }
        }

        public bool[] Recalls(int session) => [.. _nodes.Select(node => Recalls(node, session))];

        // And young enough to matter: no token is older.
        public HashSet<int> KnownAnywhere() =>
            [.. _endedAt.Where(one => _time - one.Value < SessionPolicy.EndingMemory / 2 && _nodes.Any(node => Knows(node, one.Key))).Select(one => one.Key)];

        public void CheckNobodyForgets(HashSet<int> known)
        {
            foreach (var node in _nodes)
            {
                Assert.All(known.Where(session => Knows(node, session)), session => Assert.False(Recalls(node, session)));
            }
        }

        public void GoBackTo(int kept)
        {
            _lost.UnionWith(_feed.Skip(kept).Select(item => Number(item.Entry)));
            _feed = [.. _feed.Take(kept)];
        }

        // Everybody pulls until they rest.
        public void Settle()
        {
            for (var round = 0; round < 3; round++)
            {
                foreach (var node in _nodes)
                {
                    FollowStep step;
                    do
                    {
                        var pull = node.Memory.Begin();
                        step = Take(node, pull, Page(pull, 1000));
                        Restore(node);
                    }
                    while (step != FollowStep.Rest);
                }
            }
        }

        public IEnumerable<int> Told() => _feed.Select(item => Number(item.Entry));

        private FollowStep Take(Node node, Pull pull, FeedPage page)
        {
            node.UnderWay = null;
            var (step, _, _) = node.Memory.Answer(pull, page);
            node.Restoring = step == FollowStep.WriteAgain ? node.Memory.Missing() : node.Restoring;
            return step;
        }

        private void Restore(Node node)
        {
            _lost.ExceptWith(node.Restoring.Select(Number));
            _feed = _feed.AddRange(node.Restoring.Select(entry => new FeedItem(new FeedPosition(0, ++_places), entry)));
            node.Restoring = [];
        }

        // As the cache asks: lease, then stamp, then endings.
        private static bool Recalls(Node node, int session)
        {
            var fresh = node.Memory.IsFresh;
            return fresh && node.Cached.TryGetValue(session, out var stamp)
                && (stamp == node.Memory.Stamp || (!node.Memory.IsForgotten(stamp) && !Knows(node, session)));
        }

        private static bool Knows(Node node, int session) => node.Memory.Overtakes(Handle(session), "default", "ada", 0, 1);

        private FeedPage Page(Pull pull, int count)
        {
            var found = _feed.Where(item => pull.After is null || item.Position.CompareTo(pull.After.Position) >= 0).ToArray();
            return new FeedPage([.. found.Take(count)], found.Length > count, new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero) + _time);
        }

        // While a machine is suspended its monotonic clock stands still; those of the others do not.
        private void Pass(TimeSpan span, Node? suspended)
        {
            _time += span;
            foreach (var node in _nodes)
            {
                node.Own.Monotonic += node == suspended ? TimeSpan.Zero : span;
                node.Own.Wall += span;
            }
        }

        private FeedEntry Ending(int session) =>
            FeedEntry.SessionEnded("default", Handle(session), EndReason.Revoked, new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero) + _time);

        private static SessionHandle Handle(int session)
        {
            var bytes = new byte[SessionHandle.Size];
            bytes[^1] = (byte)session;
            return SessionHandle.FromBytes(bytes);
        }

        private static int Number(FeedEntry entry) => entry.Handle!.Value.ToBytes()[^1];
    }
}
