namespace Holdfast.AspNetCore.Tests;

/// <summary>Holds one request inside its endpoint while another runs.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Entered => _entered.Task;

    public void Open() => _open.SetResult();

    public async Task PassAsync()
    {
        _entered.SetResult();
        await _open.Task;
    }
}
