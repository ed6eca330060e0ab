using System.Text.Json;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>Both clocks of a machine, in milliseconds.</summary>
internal readonly record struct Clocks(long Monotonic, long Wall)
{
    /// <summary>Whether less than <paramref name="span"/> has passed since <paramref name="earlier"/> by both. A wall clock that went back tells nothing.</summary>
    public bool IsWithin(long span, Clocks earlier) =>
        Monotonic - earlier.Monotonic < span && Wall - earlier.Wall < span && Wall >= earlier.Wall;
}

/// <summary>What a credential is held against the feed by.</summary>
internal sealed record Facts(string Sid, string Subject, long Epoch, long Cv);

/// <summary>
/// The follower of <c>protocol/README.md</c>, as short as it can be written: a model that the vectors and the properties are checked with, and
/// that other clients can be compared to. It is told everything, and calls nobody.
/// </summary>
internal sealed class ReferenceFollower
{
    private const long LongestVerdict = 600_000;
    private const long Leeway = 5_000;

    private readonly Dictionary<string, (Facts Facts, Clocks Asked, long RememberFor)> _verdicts = [];
    private readonly Dictionary<string, (Clocks At, int Gap)> _asked = [];
    private readonly HashSet<string> _endedSessions = [];
    private readonly Dictionary<string, long> _leastOf = [];
    private readonly Dictionary<string, long> _endedByUs = [];

    private Clocks _sent;
    private (Clocks Sent, long Good, long Began)? _lease;
    private (long Now, Clocks Sent)? _server;
    private int _gaps;

    /// <summary>Where to go on; null for the beginning.</summary>
    public string? Position { get; private set; }

    public void Send(Clocks now) => _sent = now;

    /// <summary>The answer to the request that was sent last. True if the next one is to be sent at once.</summary>
    public bool Answer(int status, string text)
    {
        if (status != 200 || FeedAnswer.Parse(text) is not { } answer)
        {
            return false;
        }

        Position = answer.Position;
        _server = (answer.Now, _sent);
        foreach (var entry in answer.Entries)
        {
            Take(entry);
        }

        if (answer.StartsOver)
        {
            _verdicts.Clear();
            _gaps++;
        }

        if (!answer.More)
        {
            // What a server read after the request arrived is a while by its clock; how long that was by ours, nobody knows.
            _lease = (_sent, answer.MaxStaleness - answer.Age, _sent.Monotonic - Math.Max(answer.Age, 0));
        }

        return answer.More;
    }

    public void Ask(string credential, Clocks now) => _asked[credential] = (now, _gaps);

    public void Verdict(string credential, Facts facts, long rememberFor)
    {
        if (_asked.Remove(credential, out var asked) && asked.Gap == _gaps)
        {
            _verdicts[credential] = (facts, asked.At, Math.Min(rememberFor, LongestVerdict));
        }
    }

    public void EndedByUs(string sid) => _endedSessions.Add(sid);

    public void RaisedByUs(string sid, long cv) => Raise($"cv {sid}", cv);

    // Which epoch ended is known when the feed tells it. Until then memory has no answer about this subject.
    public void EndedSubjectByUs(string subject, Clocks now) => _endedByUs[subject] = now.Monotonic;

    public bool MayAnswer(string credential, Clocks now) =>
        _verdicts.TryGetValue(credential, out var known) && now.IsWithin(known.RememberFor, known.Asked) && Vouches(known.Facts, now);

    public bool MayAnswer(Facts token, long expires, Clocks now) =>
        Vouches(token, now) && _server is { } server && server.Now + (now.Monotonic - server.Sent.Monotonic) < (expires * 1000) + Leeway;

    private bool Vouches(Facts facts, Clocks now) =>
        _lease is { } lease && now.IsWithin(lease.Good, lease.Sent)
        && !(_endedByUs.TryGetValue(facts.Subject, out var ended) && lease.Began <= ended)
        && !_endedSessions.Contains(facts.Sid)
        && facts.Cv >= Least($"cv {facts.Sid}")
        && facts.Epoch >= Least($"subject {facts.Subject}")
        && facts.Epoch >= Least($"partition {PartitionOf(facts.Sid)}");

    private void Take(FeedAnswer.Entry entry)
    {
        switch (entry.Kind)
        {
            case "session_ended":
                _endedSessions.Add(entry.Sid!);
                break;
            case "credentials_raised":
                Raise($"cv {entry.Sid}", entry.Least);
                break;
            case "subject_ended":
                Raise($"subject {entry.Subject}", entry.Least);
                break;
            default:
                Raise($"partition {entry.Partition}", entry.Least);
                break;
        }
    }

    private void Raise(string what, long least) => _leastOf[what] = Math.Max(Least(what), least);

    private long Least(string what) => _leastOf.GetValueOrDefault(what, long.MinValue);

    private static int PartitionOf(string sid) => SessionHandle.TryParse(sid, out var handle) ? handle.Partition : -1;
}

/// <summary>An answer of the feed, all of it well formed.</summary>
internal sealed record FeedAnswer(string Position, bool StartsOver, bool More, long Age, long MaxStaleness, long Now, IReadOnlyList<FeedAnswer.Entry> Entries)
{
    /// <summary>What it says; null if any of it is malformed.</summary>
    public static FeedAnswer? Parse(string text)
    {
        try
        {
            var root = JsonDocument.Parse(text).RootElement;
            var answer = new FeedAnswer(
                root.GetProperty("position").GetString()!, root.GetProperty("starts_over").GetBoolean(), root.GetProperty("more").GetBoolean(),
                root.GetProperty("age_ms").GetInt64(), root.GetProperty("max_staleness_ms").GetInt64(),
                root.GetProperty("now").GetDateTimeOffset().ToUnixTimeMilliseconds(),
                [.. root.GetProperty("entries").EnumerateArray().Select(Entry.Parse)]);
            return string.IsNullOrEmpty(answer.Position) || answer.MaxStaleness < 0 ? null : answer;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    internal sealed record Entry(string Kind, int Partition, string? Sid, string? Subject, long Least)
    {
        public static Entry Parse(JsonElement entry)
        {
            var kind = entry.GetProperty("kind").GetString()!;
            return new Entry(
                kind is "session_ended" or "credentials_raised" or "subject_ended" or "everyone_ended" ? kind : throw new FormatException(),
                entry.GetProperty("partition").GetInt32(),
                kind is "session_ended" or "credentials_raised" ? entry.GetProperty("sid").GetString()! : null,
                kind == "subject_ended" ? entry.GetProperty("subject").GetString()! : null,
                kind == "session_ended" ? 0 : entry.GetProperty("least").GetInt64());
        }
    }
}
