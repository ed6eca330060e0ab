using Holdfast.Data;
using Xunit;

namespace Holdfast.Testing;

public abstract partial class SessionStoreContract
{
    /// <summary>By field, side by side.</summary>
    [Fact]
    [Requirement("CR-07")]
    public async Task Requests_that_write_different_fields_lose_nothing()
    {
        var session = await CreatedAsync();
        var written = await AtOnceAsync(100, async index => await WriteAsync(session.Handle, $"field{index}", $"value{index}"));
        Assert.All(written, status => Assert.Equal(DataWriteStatus.Written, status));
        var data = await Store.ReadDataAsync(session.Handle, CancellationToken.None);
        Assert.Equal(100, data!.Fields.Count);
        Assert.Equal("value42", await FieldAsync(session.Handle, "field42"));
    }

    /// <summary>The same field, if it is still what was read.</summary>
    [Fact]
    [Requirement("CR-07")]
    public async Task Of_fifty_conditional_writes_of_one_field_one_wins()
    {
        var session = await CreatedAsync(data: ("cart", "empty"));
        var version = (await Store.ReadDataAsync(session.Handle, CancellationToken.None))!.Fields["cart"].Version;
        var written = await AtOnceAsync(50, async index => await WriteAsync(session.Handle, "cart", $"{index}", version));
        Assert.Equal(1, written.Count(status => status == DataWriteStatus.Written));
        Assert.Equal(49, written.Count(status => status == DataWriteStatus.Conflict));
    }

    /// <summary>Version 0 says that it must not be there.</summary>
    [Fact]
    public async Task A_field_that_was_removed_and_written_again_has_a_greater_version()
    {
        var session = await CreatedAsync();
        Assert.Equal(DataWriteStatus.Written, await WriteAsync(session.Handle, "cart", "1", 0));
        Assert.Equal(DataWriteStatus.Conflict, await WriteAsync(session.Handle, "cart", "2", 0));
        var first = (await Store.ReadDataAsync(session.Handle, CancellationToken.None))!.Fields["cart"].Version;
        await WriteAsync(session.Handle, "cart", null);
        Assert.Null(await FieldAsync(session.Handle, "cart"));
        await WriteAsync(session.Handle, "cart", "3", 0);
        Assert.True((await Store.ReadDataAsync(session.Handle, CancellationToken.None))!.Fields["cart"].Version > first);
        Assert.Equal(DataWriteStatus.Conflict, await WriteAsync(session.Handle, "cart", "4", first));
    }

    /// <summary>All of a write, or nothing.</summary>
    [Fact]
    public async Task A_write_that_is_too_large_or_conflicts_changes_nothing()
    {
        var session = await CreatedAsync(data: ("cart", "1"));
        Assert.Equal(DataWriteStatus.TooLarge, await WriteAsync(session.Handle, "big", new string('x', 65 * 1024)));
        DataChange[] both = [new DataChange("note", "hi"u8.ToArray()), new DataChange("cart", "2"u8.ToArray(), 999)];
        Assert.Equal(DataWriteStatus.Conflict, await Store.WriteDataAsync(session.Handle, both, 1024, CancellationToken.None));
        Assert.Equal(["cart"], (await Store.ReadDataAsync(session.Handle, CancellationToken.None))!.Fields.Keys);
        Assert.Equal("1", await FieldAsync(session.Handle, "cart"));
    }

    /// <summary>The limit counts names and values of all fields, in bytes.</summary>
    [Fact]
    public async Task The_limit_counts_names_and_values_in_bytes()
    {
        var session = await CreatedAsync(data: ("é", "12345"));
        Assert.Equal(DataWriteStatus.TooLarge, await WriteAsync(session.Handle, "b", "12", maxBytes: 9));
        Assert.Equal(DataWriteStatus.Written, await WriteAsync(session.Handle, "b", "1", maxBytes: 9));
        Assert.Equal(DataWriteStatus.Written, await WriteAsync(session.Handle, "b", null, maxBytes: 1));
    }

    /// <summary>While it is being carried over, it can be read.</summary>
    [Fact]
    public async Task A_frozen_session_is_read_and_not_written()
    {
        var session = await CreatedAsync(null, data: ("cart", "1"));
        var frozen = session with { Version = 2, Upgrade = new Upgrade(SessionHandle.New(session.Handle.Partition), Clock.GetUtcNow()) };
        Assert.True(await Store.ReplaceAsync(frozen, 1, CancellationToken.None));
        Assert.Equal(DataWriteStatus.Frozen, await WriteAsync(session.Handle, "cart", "2"));
        Assert.Equal("1", await FieldAsync(session.Handle, "cart"));
        Assert.True(await Store.ReplaceAsync(frozen with { Version = 3, Upgrade = null }, 2, CancellationToken.None));
        Assert.Equal(DataWriteStatus.Written, await WriteAsync(session.Handle, "cart", "2"));
    }

    /// <summary>Documents of the store itself: compare-and-set.</summary>
    [Fact]
    [Requirement("CR-07")]
    public async Task Of_twenty_writes_of_one_document_version_one_wins()
    {
        Assert.Null(await Store.ReadDocumentAsync("keys", CancellationToken.None));
        var first = await AtOnceAsync(20, async index => await Store.WriteDocumentAsync("keys", new byte[] { (byte)index }, 0, CancellationToken.None));
        Assert.Equal(1, first.Count(one => one));
        var document = await Store.ReadDocumentAsync("keys", CancellationToken.None);
        Assert.Equal(1, document!.Version);
        Assert.True(await Store.WriteDocumentAsync("keys", "next"u8.ToArray(), 1, CancellationToken.None));
        Assert.False(await Store.WriteDocumentAsync("keys", "late"u8.ToArray(), 1, CancellationToken.None));
        Assert.Equal("next"u8.ToArray(), (await Store.ReadDocumentAsync("keys", CancellationToken.None))!.Content.ToArray());
    }
}
