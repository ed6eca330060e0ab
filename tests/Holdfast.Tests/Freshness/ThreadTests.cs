using System.Collections.Concurrent;
using Holdfast.Freshness;
using Holdfast.Tokens;

namespace Holdfast.Tests.Freshness;

/// <summary>The order in which a reader looks and a writer writes, on real threads: whoever begins after an ending is known never sees the session live.</summary>
public sealed class ThreadTests
{
    private const int Sessions = 5_000;

    [Fact]
    [Requirement("LO-01", "CR-07")]
    public async Task What_is_known_to_have_ended_is_never_recalled_however_many_threads_ask()
    {
        var options = new HoldfastOptions { CachedSessions = Sessions };
        var memory = new SessionMemory(1, options, new StoreClock(TimeProvider.System)) { IsFollowed = true };
        var reading = new SubjectReading(0, 0, TimeProvider.System.GetUtcNow());
        Session[] sessions = [.. Enumerable.Range(0, Sessions).Select(_ => TestSessions.Cookie(reading))];
        var place = 1L;
        var last = new FeedItem(new FeedPosition(0, place), FeedEntry.SessionEnded("default", SessionHandle.New(0), EndReason.SignedOut, reading.Now));
        memory.Answer(0, memory.Partitions[0].Begin(), new FeedPage([last], false, reading.Now));
        foreach (var session in sessions)
        {
            memory.Remember(session, reading.Now, memory.StampOf(session.Handle));
        }

        var ended = new bool[Sessions];
        var (recalled, done) = (0, false);
        var wrong = new ConcurrentBag<int>();
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            while (!Volatile.Read(ref done))
            {
                var index = random.Next(Sessions);
                var wasEnded = Volatile.Read(ref ended[index]);
                var isLive = memory.TryRecall(sessions[index].Handle, sessions[index].Cookie!.Current, "default", out _, out _);
                Interlocked.Add(ref recalled, isLive ? 1 : 0);
                if (wasEnded && isLive)
                {
                    wrong.Add(index);
                }
            }
        })).ToArray();
        for (var index = 0; index < Sessions; index++)
        {
            var pull = memory.Partitions[0].Begin();
            var item = new FeedItem(new FeedPosition(0, ++place), FeedEntry.SessionEnded("default", sessions[index].Handle, EndReason.SignedOut, reading.Now));
            memory.Answer(0, pull, new FeedPage([last, item], false, TimeProvider.System.GetUtcNow()));
            Volatile.Write(ref ended[index], true);
            last = item;
            while (Volatile.Read(ref recalled) <= index && index < Sessions - 100)
            {
                // Nothing new: the lease goes on, and the readers catch up.
                memory.Answer(0, memory.Partitions[0].Begin(), new FeedPage([last], false, TimeProvider.System.GetUtcNow()));
            }

            if (index % 100 == 0)
            {
                // As a request does that read it before, and comes back late.
                var other = sessions[Random.Shared.Next(Sessions)];
                var stamp = memory.StampOf(other.Handle);
                if (!Volatile.Read(ref ended[Array.IndexOf(sessions, other)]))
                {
                    memory.Remember(other, reading.Now, stamp);
                }
            }
        }

        Volatile.Write(ref done, true);
        await Task.WhenAll(readers);
        Assert.Empty(wrong);
        Assert.True(recalled >= Sessions - 100, $"Only {recalled} answers came from memory.");
    }

    [Fact]
    public void A_cache_stays_within_its_bounds_and_keeps_what_is_used()
    {
        var cache = new SessionCache(1000, 1 << 20);
        var reading = new SubjectReading(0, 0, TimeProvider.System.GetUtcNow());
        var hot = TestSessions.Cookie(reading);
        for (var index = 0; index < 50_000; index++)
        {
            Put(cache, TestSessions.Cookie(reading));
            Put(cache, index == 0 ? hot : null);
            cache.TryGet(hot.Handle, out _);
        }

        Assert.InRange(cache.Count, 900, 1000);
        Assert.InRange(cache.Bytes, 1, 1 << 20);
        Assert.True(cache.TryGet(hot.Handle, out _));
        var large = new SessionCache(100_000, 1 << 20);
        for (var index = 0; index < 50_000; index++)
        {
            Put(large, TestSessions.Cookie(reading) with { Claims = [new SessionClaim("large", new string('x', 2000))] });
            Assert.InRange(large.Bytes, 1, (1 << 20) + 4096);
        }
    }

    private static void Put(SessionCache cache, Session? session)
    {
        if (session is not null)
        {
            cache.Put(session.Handle, RememberedSession.Of(session, session.CreatedAt, TimeSpan.Zero, 1)!);
        }
    }
}
