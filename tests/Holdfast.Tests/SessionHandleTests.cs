namespace Holdfast.Tests;

public sealed class SessionHandleTests
{
    [Fact]
    [Requirement("SID-06")]
    public void A_handle_has_one_spelling_only()
    {
        var handle = SessionHandle.New(partition: 7);
        var text = handle.ToString();

        Assert.True(SessionHandle.TryParse(text, out var parsed));
        Assert.Equal(handle, parsed);
        Assert.Equal(7, parsed.Partition);
        Assert.False(SessionHandle.TryParse(text[..^1], out _));
        Assert.False(SessionHandle.TryParse(text + "=", out _));
        Assert.False(SessionHandle.TryParse(text[..^1] + "B", out _), "the last character carries two bits only");
        Assert.False(SessionHandle.TryParse(null, out _));
    }
}
