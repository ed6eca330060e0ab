namespace Holdfast.Freshness;

/// <summary>What <see cref="ISessionStore.OnNews"/> answers.</summary>
/// <param name="stop">Stops the calls.</param>
public sealed class NewsSubscription(Action stop) : IDisposable
{
    /// <summary>Stops the calls.</summary>
    public void Dispose() => stop();
}
