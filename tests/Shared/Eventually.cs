namespace Holdfast.Tests.Shared;

/// <summary>Waits for something that another process does, at most half a minute.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Task IsTrueAsync(Func<bool> condition) => IsTrueAsync(() => Task.FromResult(condition()));

    public static async Task IsTrueAsync(Func<Task<bool>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, "It did not happen within half a minute.");
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            await pause.WaitForNextTickAsync();
        }
    }
}
