namespace Holdfast.Freshness;

/// <summary>Somebody who is called when there may be news, until this is disposed.</summary>
/// <param name="stop">Stops the calls.</param>
public sealed class NewsSubscription(Action stop) : IDisposable
{
    /// <summary>Stops the calls.</summary>
    public void Dispose() => stop();
}
