using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Stores.Tests;

/// <summary>Fills a store, lets everything in it die, and cleans up.</summary>
internal static class Baseline
{
    public static async Task FillAndForgetAsync(ISessionStore store, FakeTimeProvider clock, int sessions)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, sessions), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (index, cancellation) =>
        {
            var subject = $"user{index % 500}";
            var session = TestSessions.Cookie(await store.ReadSubjectAsync(TestSessions.Tenant, subject, cancellation), subject);
            await store.CreateAsync(TestSessions.New(session, null, ("cart", "3 apples")), cancellation);
        });
        for (var index = 0; index < 50; index++)
        {
            await store.EndAllAsync(TestSessions.Tenant, $"user{index}", null, EndReason.Revoked, CancellationToken.None);
        }

        clock.Advance(TestSessions.Absolute);
        var expired = await PurgeAsync(store);
        Assert.Equal(sessions - (50 * (sessions / 500)), expired);
        clock.Advance(SessionPolicy.EndingMemory + TimeSpan.FromMinutes(1));
        await PurgeAsync(store);
        await PurgeAsync(store);
    }

    private static async Task<int> PurgeAsync(ISessionStore store)
    {
        var expired = 0;
        PurgeResult step;
        do
        {
            step = await store.PurgeAsync(500, CancellationToken.None);
            expired += step.Expired.Length;
        }
        while (step.More);
        return expired;
    }
}
