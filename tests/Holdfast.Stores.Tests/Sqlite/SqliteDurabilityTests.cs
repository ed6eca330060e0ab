using System.Diagnostics;
using System.Text.RegularExpressions;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Stores.Tests.Sqlite;

/// <summary>What the SQLite store acknowledged is on the disk, whatever happens to the process.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SqliteDurabilityTests : IDisposable
{
    private const int Kills = 100;

    private readonly TemporaryDirectory _directory = new();

    private string Database => Path.Combine(_directory.Path, "sessions.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Requirement("LO-02")]
    public async Task A_hundred_kills_under_write_load_lose_nothing_that_was_acknowledged()
    {
        var acknowledged = new Dictionary<string, int>();
        for (var kill = 0; kill < Kills; kill++)
        {
            using var child = Start("dotnet", [ChildPath, Database, "4", "0"]);

            // Each time a little later in its work: after this many acknowledgements.
            for (var line = 0; line <= kill % 40 && await child.StandardOutput.ReadLineAsync() is { } text; line++)
            {
                Note(acknowledged, text);
            }

            child.Kill();
            foreach (var text in (await child.StandardOutput.ReadToEndAsync()).Split('\n').SkipLast(1))
            {
                Note(acknowledged, text);
            }
        }

        Assert.True(acknowledged.Count >= Kills, $"Only {acknowledged.Count} sessions were acknowledged.");
        await using var store = SqliteSessionStore.Open(Database, TimeProvider.System);
        foreach (var (sid, stage) in acknowledged)
        {
            Assert.True(SessionHandle.TryParse(sid, out var handle));
            var (session, _) = await store.FindAsync(handle, CancellationToken.None);
            Assert.NotNull(session);
            Assert.True(session.Version >= stage, $"{sid} has version {session.Version} and was acknowledged at {stage}.");
            Assert.True(stage < 3 || session.Ending is not null, $"{sid} was ended, and lives again.");
        }

        Assert.Equal("ok", Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    [Requirement("LO-02")]
    public async Task Each_acknowledgement_comes_after_its_fdatasync()
    {
        var trace = Path.Combine(_directory.Path, "trace");
        using var child = Start("strace", ["-f", "-qq", "-e", "trace=fdatasync,fsync,write", "-s", "12", "-o", trace, "dotnet", ChildPath, Database, "1", "20"]);
        await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();

        // One writer, so each acknowledged write must have its own sync since the acknowledgement before: one that has returned, with success.
        var (synced, acknowledgements) = (false, 0);
        foreach (var line in await File.ReadAllLinesAsync(trace))
        {
            if (Regex.IsMatch(line, @"f(data)?sync(\(\d+\)| resumed>.*\)) *= 0$"))
            {
                synced = true;
            }
            else if (Regex.IsMatch(line, "write\\(\\d+, \"(created|replaced|ended)"))
            {
                Assert.True(synced, $"Acknowledged before it was on the disk: {line}");
                acknowledgements++;
                synced = false;
            }
        }

        Assert.Equal(50, acknowledgements);
    }

    [Fact]
    public async Task The_journal_is_WAL_and_every_commit_is_synchronous()
    {
        await using var store = SqliteSessionStore.Open(Database, TimeProvider.System);
        Assert.Equal("wal", Scalar("PRAGMA journal_mode"));
        Assert.Equal(2, store.WriterSetting("PRAGMA synchronous"));
    }

    [Fact]
    [Requirement("CR-01", "CR-04")]
    public async Task Only_the_owner_can_read_its_files_and_none_of_them_holds_a_credential()
    {
        var keys = new Tokens.MasterKeys(SqliteMasterSecret.ReadOrCreate(Database), "test", "https://holdfast.test");
        await using var store = SqliteSessionStore.Open(Database, TimeProvider.System);
        var reading = await store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var session = TestSessions.Cookie(reading);
        var cookie = Tokens.SessionCookie.New(keys, session.Handle);
        await store.CreateAsync(TestSessions.New(session with { Cookie = Tokens.CookieRenewal.First(cookie, reading.Now) }), CancellationToken.None);

        var secret = Convert.FromBase64String(cookie.ToText().Reveal()[4..].Replace('-', '+').Replace('_', '/') + "==")[^32..];
        foreach (var file in Directory.GetFiles(_directory.Path))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(-1, (await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(secret));
        }
    }

    [Fact]
    [Requirement("CR-09")]
    public async Task After_ten_thousand_sessions_expired_the_rows_are_what_they_were()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        await using var store = SqliteSessionStore.Open(Database, clock);
        var baseline = Rows();
        await Baseline.FillAndForgetAsync(store, clock, 10_000);
        Assert.Equal(baseline, Rows());
    }

    [Fact]
    public void A_file_that_is_no_database_is_named()
    {
        File.WriteAllText(Database, "this is not a database, and long enough to be looked at as one by SQLite's header check");
        var refused = Assert.Throws<HoldfastConfigurationException>(() => SqliteSessionStore.Open(Database, TimeProvider.System));
        Assert.Contains(Database, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused()
    {
        await SqliteSessionStore.Open(Database, TimeProvider.System).DisposeAsync();
        Scalar("PRAGMA user_version = 99", write: true);
        Assert.Contains("99", Assert.Throws<HoldfastConfigurationException>(() => SqliteSessionStore.Open(Database, TimeProvider.System)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_others_may_read_is_refused_and_says_how_to_mend_it()
    {
        SqliteMasterSecret.ReadOrCreate(Database);
        File.SetUnixFileMode(Database + ".secret", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<HoldfastConfigurationException>(() => SqliteMasterSecret.ReadOrCreate(Database)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processes_that_start_at_once_share_one_secret()
    {
        var secrets = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => SqliteMasterSecret.ReadOrCreate(Database))));
        Assert.Single(secrets.Distinct());
        Assert.Single(Directory.GetFiles(_directory.Path));
    }

    private static string ChildPath => Path.Combine(
        AppContext.BaseDirectory, "..", "..", "..", "..", "Holdfast.Stores.CrashChild", "bin", "Debug", "net10.0", "Holdfast.Stores.CrashChild.dll");

    private static Process Start(string program, string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException($"{program} is missing: ./test installs it (apt-get install {program}).");
        }
    }

    private static void Note(Dictionary<string, int> acknowledged, string line)
    {
        var stage = line.Split(' ') switch { ["created", _] => 1, ["replaced", _] => 2, _ => 3 };
        acknowledged[line.Split(' ')[1]] = stage;
    }

    private string Rows() => $"{Scalar("SELECT COUNT(*) FROM sessions")} {Scalar("SELECT COUNT(*) FROM data")} {Scalar("SELECT COUNT(*) FROM epochs")}";

    private string? Scalar(string sql, bool write = false)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Mode={(write ? "ReadWrite" : "ReadOnly")}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString();
    }
}
