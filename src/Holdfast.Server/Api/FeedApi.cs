using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Freshness;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Api;

/// <summary>Wakes everybody who waits for news with one signal, however many they are.</summary>
internal sealed class FeedBell : IDisposable
{
    private readonly SessionMemory _memory;
    private TaskCompletionSource _next = New();

    public FeedBell(SessionMemory memory)
    {
        _memory = memory;
        _memory.Learned += OnLearned;
    }

    /// <summary>Completes with the next news. Take it before looking, so that none is missed.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Dispose() => _memory.Learned -= OnLearned;

    private void OnLearned(FeedEntry entry) => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>
/// The feed for applications that check sessions by themselves. What a follower knows is good until its own sending time, less
/// <c>age_ms</c>, plus <c>max_staleness_ms</c>.
/// </summary>
internal static class FeedApi
{
    private const int MaxEntries = 5000;

    public static async Task HandleAsync(
        HttpContext context, string? after, int? wait_ms, SessionMemory memory, FeedBell bell, HoldfastOptions options, TimeProvider clock)
    {
        FeedMarks? marks = null;
        if (!string.IsNullOrEmpty(after) && !FeedMarks.TryParse(after, memory.PartitionCount, out marks))
        {
            await ApiBody.RefuseAsync(context, "after is a position that an answer of this feed gave, or absent for the beginning.");
            return;
        }

        // Longer, and the lease of whoever waits would run out meanwhile.
        var longest = options.MaxStaleness / 2;
        if (wait_ms < 0 || wait_ms > longest.TotalMilliseconds)
        {
            await ApiBody.RefuseAsync(context, $"wait_ms is 0 to {longest.TotalMilliseconds:0}.");
            return;
        }

        var (arrived, now) = (clock.GetElapsedTime(0), memory.Clock.GetUtcNow());
        var news = await NewsAsync(context, marks, wait_ms is { } wait ? TimeSpan.FromMilliseconds(wait) : longest, memory, bell, clock);
        if (news.KnownSince is not { } since)
        {
            await Problems.WriteAsync(context, Reasons.StoreUnavailable);
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        await Answers.WriteAsync(context, new FeedResponse
        {
            Position = news.Marks.ToString(),
            StartsOver = news.StartsOver,
            More = news.More,
            AgeMs = (long)Math.Ceiling((arrived - since).TotalMilliseconds),
            MaxStalenessMs = (long)options.MaxStaleness.TotalMilliseconds,
            Now = now,
            Entries = [.. news.Entries.Select(one => Of(one.Partition, one.Entry))],
        });
    }

    private static async Task<FeedNews> NewsAsync(
        HttpContext context, FeedMarks? marks, TimeSpan wait, SessionMemory memory, FeedBell bell, TimeProvider clock)
    {
        var tenant = CallingApplication.Of(context).Terms.Tenant;
        var until = clock.GetElapsedTime(0) + wait;
        while (true)
        {
            var next = bell.Next;
            var news = memory.ReadFeed(marks, tenant, MaxEntries);
            var left = until - clock.GetElapsedTime(0);
            if (news.Entries.Count > 0 || news.More || news.StartsOver || left <= TimeSpan.Zero)
            {
                return news;
            }

            await Task.WhenAny(next, Task.Delay(left, clock, context.RequestAborted));
        }
    }

    private static FeedEntryRecord Of(int partition, FeedEntry entry) => new()
    {
        Kind = entry.Kind switch
        {
            FeedEntryKind.SessionEnded => "session_ended",
            FeedEntryKind.CredentialsRaised => "credentials_raised",
            FeedEntryKind.SubjectEnded => "subject_ended",
            _ => "everyone_ended",
        },
        Partition = partition,
        Sid = entry.Handle?.ToString(),
        Subject = entry.Subject,
        Least = entry.Kind == FeedEntryKind.SessionEnded ? null : entry.Least,
        Reason = entry.Kind == FeedEntryKind.CredentialsRaised ? null : EndReasons.Name(entry.Reason),
        At = entry.At,
    };
}
