using System.Globalization;
using System.Text.Json;
using CsCheck;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>
/// The bound, by properties: whatever is sent, answered, lost, late, split into pages or started over, by servers that lag behind the store as
/// they like, nothing is answered from memory longer than the bound after its ending was acknowledged.
/// </summary>
public sealed class FollowerPropertyTests
{
    private static readonly Gen<(int Op, int Arg)[]> Runs = Gen.Select(Gen.Int[0, 13], Gen.Int[0, 999]).Array[1, 250];

    [Theory]
    [InlineData(ClockFault.None)]
    [InlineData(ClockFault.WallIsStepped)]
    [InlineData(ClockFault.MonotonicStandsStill)]
    [Requirement("LO-03")]
    public void Nothing_is_answered_from_memory_later_than_the_bound_after_it_ended(ClockFault fault)
    {
        var fromMemory = 0;
        Runs.Sample(
            run =>
            {
                var world = new World(fault);
                foreach (var (op, arg) in run)
                {
                    world.Do(op, arg);
                    Interlocked.Add(ref fromMemory, world.AskEverything());
                }
            },
            iter: 1000);
        Assert.True(fromMemory > 1_000, $"Memory answered {fromMemory} times: the runs prove nothing.");
    }

    /// <summary>What is wrong with the machine's clocks. One at a time: nobody can tell a suspended machine whose wall clock is stepped back as far.</summary>
    public enum ClockFault
    {
        None,
        WallIsStepped,
        MonotonicStandsStill,
    }

    /// <summary>What was acknowledged, and when by true time. What was done by this application itself counts at once.</summary>
    private sealed record Ending(string Kind, int Partition, string? Sid, string? Subject, long Least, long At, bool IsOwn)
    {
        public bool SpeaksAgainst(Facts facts) => Kind switch
        {
            "session_ended" => facts.Sid == Sid,
            "credentials_raised" => facts.Sid == Sid && facts.Cv < Least,
            "subject_ended" => facts.Subject == Subject && facts.Epoch < Least,
            _ => SessionHandle.TryParse(facts.Sid, out var handle) && handle.Partition == Partition && facts.Epoch < Least,
        };
    }

    /// <summary>One that has read the feed's first <see cref="Known"/> endings: all that were acknowledged until <see cref="Since"/>.</summary>
    private sealed class Server
    {
        public int Known { get; set; }

        public long Since { get; set; }
    }

    private sealed class World(ClockFault fault)
    {
        private const long Bound = 1000;

        // Two subjects with two sessions each, in two partitions.
        private static readonly (string Sid, string Subject, int Partition)[] Sessions =
            [.. Enumerable.Range(0, 4).Select(number => (SessionHandle.FromBytes([(byte)(number / 2), .. new byte[14], (byte)number]).ToString(), $"subject-{number / 2}", number / 2))];

        private readonly List<Ending> _endings = [];
        private readonly Server[] _servers = [new(), new()];
        private readonly ReferenceFollower _follower = new();
        private readonly List<(string Credential, Facts Facts, bool IsAsked)> _verdicts = [];

        private long _now = 1_000_000;
        private long _stoodStill;
        private long _stepped;
        private string? _after;
        private bool _isSent;
        private (Server Server, long At)? _arrived;
        private string? _answer;

        private Clocks Clocks => new(_now - _stoodStill, _now + _stepped);

        public void Do(int op, int arg)
        {
            var server = _servers[arg % 2];
            var (sid, subject, partition) = Sessions[arg % 4];
            switch (op)
            {
                case 0 or 1:
                    _now += arg % 400;
                    break;
                case 2 when fault == ClockFault.WallIsStepped:
                    _stepped += (arg - 500) * 10;
                    break;
                case 2 when fault == ClockFault.MonotonicStandsStill:
                    (_now, _stoodStill) = (_now + (arg * 3), _stoodStill + (arg * 3));
                    break;
                case 3 or 4:
                    (server.Known, server.Since) = (_endings.Count, _now);
                    break;
                case 5 or 6 when !_isSent:
                    (_isSent, _after) = (true, _follower.Position);
                    _follower.Send(Clocks);
                    break;
                case 5 or 6 when _answer is not null:
                    _isSent = arg % 10 < 7 && _follower.Answer(200, _answer) && Resend();
                    (_arrived, _answer) = (null, null);
                    break;
                case 7 when _isSent && _arrived is null:
                    _arrived = (server, _now);
                    break;
                case 8 when _arrived is var (asked, at) && _answer is null:
                    _answer = AnswerOf(asked, at, arg);
                    break;
                case 9 when LiveAt(server.Known, sid) is { } live:
                    _verdicts.Add(($"c{_verdicts.Count}", live, arg % 3 > 0));
                    _follower.Ask(_verdicts[^1].Credential, Clocks);
                    if (!_verdicts[^1].IsAsked)
                    {
                        _follower.Verdict(_verdicts[^1].Credential, live, 600_000);
                    }

                    break;
                case 10 when _verdicts.FindIndex(one => one.IsAsked) is var index and >= 0:
                    _verdicts[index] = _verdicts[index] with { IsAsked = false };
                    _follower.Verdict(_verdicts[index].Credential, _verdicts[index].Facts, 600_000);
                    break;
                case 11:
                    End(arg, sid, subject, partition, isOwn: false);
                    break;
                case 12 when arg % 4 != 3:
                    End(arg, sid, subject, partition, isOwn: true);
                    break;
            }
        }

        /// <summary>Asks about everything that was ever live; answers how often memory knew.</summary>
        public int AskEverything()
        {
            var answered = 0;
            foreach (var (credential, facts, _) in _verdicts)
            {
                foreach (var fromMemory in new[] { _follower.MayAnswer(credential, Clocks), _follower.MayAnswer(facts, _now, Clocks) })
                {
                    if (fromMemory)
                    {
                        answered++;
                        Assert.DoesNotContain(_endings, ending => ending.SpeaksAgainst(facts) && (ending.IsOwn || ending.At <= _now - Bound));
                    }
                }
            }

            return answered;
        }

        private bool Resend()
        {
            _after = _follower.Position;
            _follower.Send(Clocks);
            return true;
        }

        private void End(int arg, string sid, string subject, int partition, bool isOwn)
        {
            var number = _endings.Count + 1;
            var ending = (arg / 4 % 4) switch
            {
                0 => new Ending("session_ended", partition, sid, null, 0, _now, isOwn),
                1 => new Ending("credentials_raised", partition, sid, null, number, _now, isOwn),
                2 => new Ending("subject_ended", partition, null, subject, number, _now, isOwn),
                _ => new Ending("everyone_ended", partition, null, null, number, _now, IsOwn: false),
            };
            _endings.Add(ending);
            switch (ending)
            {
                case { IsOwn: true, Kind: "session_ended" }:
                    _follower.EndedByUs(sid);
                    break;
                case { IsOwn: true, Kind: "credentials_raised" }:
                    _follower.RaisedByUs(sid, number);
                    break;
                case { IsOwn: true, Kind: "subject_ended" }:
                    _follower.EndedSubjectByUs(subject, Clocks);
                    break;
            }
        }

        // As a server sees it that knows this many endings; null if it has ended there. Epochs and versions are those of the last raise.
        private Facts? LiveAt(int known, string sid)
        {
            var (_, subject, partition) = Sessions.Single(one => one.Sid == sid);
            var seen = _endings.Take(known).ToArray();
            return seen.Any(one => one.Kind == "session_ended" && one.Sid == sid) ? null : new Facts(
                sid,
                subject,
                seen.Where(one => one.Subject == subject || (one.Kind == "everyone_ended" && one.Partition == partition)).Select(one => one.Least).DefaultIfEmpty().Max(),
                seen.Where(one => one.Kind == "credentials_raised" && one.Sid == sid).Select(one => one.Least).DefaultIfEmpty().Max());
        }

        // The moment is the server's own at this time, and its age counts from when the request arrived: negative if it has read on meanwhile.
        private string AnswerOf(Server server, long arrived, int arg)
        {
            var after = _after is null ? 0 : int.Parse(_after[1..], CultureInfo.InvariantCulture);
            var startsOver = _after is null || after > server.Known || arg % 12 == 0;
            var first = startsOver ? 0 : after;
            var count = arg % 5 == 0 ? Math.Min(1, server.Known - first) : server.Known - first;
            return JsonSerializer.Serialize(new
            {
                position = $"p{first + count}",
                starts_over = startsOver,
                more = first + count < server.Known,
                age_ms = arrived - server.Since,
                max_staleness_ms = Bound,
                now = DateTimeOffset.FromUnixTimeMilliseconds(arrived),
                entries = _endings.Skip(first).Take(count).Select(one => new { kind = one.Kind, partition = one.Partition, sid = one.Sid, subject = one.Subject, least = one.Least }),
            });
        }
    }
}
