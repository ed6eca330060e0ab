using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Stores.Tests.Sqlite;

/// <summary>Trouble with the files of the SQLite store is named, and leaves nothing open.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SqliteFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Database => Path.Combine(_directory.Path, "sessions.db");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("not base64, whatever else it is")]
    public void A_secret_that_was_cut_is_refused_and_named(string rest)
    {
        SqliteMasterSecret.ReadOrCreate(Database);
        File.WriteAllText(Database + ".secret", rest);
        var refused = Assert.Throws<HoldfastConfigurationException>(() => SqliteMasterSecret.ReadOrCreate(Database));
        Assert.Contains(Database + ".secret", refused.Message, StringComparison.Ordinal);
        Assert.True(rest.Length == 0 || !refused.Message.Contains(rest, StringComparison.Ordinal), "The message tells what is left of the secret.");
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_named()
    {
        File.WriteAllText(Database, "");
        var inside = Path.Combine(Database, "sessions.db");
        var refused = Assert.Throws<HoldfastConfigurationException>(() => SqliteSessionStore.Open(inside, TimeProvider.System));
        Assert.Contains(inside, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reads_that_fail_leave_no_connection_behind()
    {
        await using var store = SqliteSessionStore.Open(Database, TimeProvider.System);
        await store.BrowseAsync(TestSessions.Tenant, null, 10, CancellationToken.None);
        var before = OpenFiles();
        for (var attempt = 0; attempt < 20; attempt++)
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await store.BrowseAsync(TestSessions.Tenant, "nonsense", 10, CancellationToken.None));
        }

        Assert.Equal(before, OpenFiles());
    }

    [Fact]
    public async Task A_store_that_is_refused_or_closed_leaves_no_file_open()
    {
        await SqliteSessionStore.Open(Database, TimeProvider.System).DisposeAsync();
        Execute(Connect(), "PRAGMA user_version = 99").Dispose();
        Assert.Throws<HoldfastConfigurationException>(() => SqliteSessionStore.Open(Database, TimeProvider.System));
        Assert.Equal(0, OpenFiles());
    }

    [Fact]
    public async Task A_file_that_another_process_keeps_locked_is_unavailable_within_seconds()
    {
        await using var store = SqliteSessionStore.Open(Database, TimeProvider.System);
        using var other = Execute(Connect(), "BEGIN IMMEDIATE");

        var started = TimeProvider.System.GetTimestamp();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
            await store.EndAllAsync(TestSessions.Tenant, TestSessions.Ada, null, EndReason.Revoked, CancellationToken.None));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15));
    }

    private static SqliteConnection Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
        return connection;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        return connection;
    }

    private int OpenFiles() => Directory.GetFiles("/proc/self/fd")
        .Count(descriptor => new FileInfo(descriptor).LinkTarget?.StartsWith(_directory.Path, StringComparison.Ordinal) == true);
}
