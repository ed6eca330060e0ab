using System.Collections.Concurrent;
using Holdfast.Redis;
using Holdfast.Tokens;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace Holdfast.Stores.Tests.Redis;

/// <summary>What a real Redis does to sessions: restarts, dumps, wrong settings.</summary>
public sealed class RedisDurabilityTests
{
    [Fact]
    [Requirement("LO-02", "CR-08")]
    public async Task A_restart_mid_load_loses_nothing_acknowledged_and_says_unavailable_meanwhile()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = await RedisSessionStore.ConnectAsync(server.ConnectionString + ",connectRetry=3");
        var acknowledged = new ConcurrentDictionary<SessionHandle, bool>();
        var unavailable = 0;
        using var stop = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    var session = TestSessions.Cookie(await store.ReadSubjectAsync(TestSessions.Tenant, $"user{writer}", CancellationToken.None), $"user{writer}");
                    await store.CreateAsync(TestSessions.New(session), CancellationToken.None);
                    acknowledged[session.Handle] = false;
                    if (await store.ReplaceAsync(session.Ended(session.CreatedAt, EndReason.SignedOut), 1, CancellationToken.None))
                    {
                        acknowledged[session.Handle] = true;
                    }
                }
                catch (StoreUnavailableException)
                {
                    Interlocked.Increment(ref unavailable);
                }
            }
        })));

        for (var restart = 0; restart < 3; restart++)
        {
            var before = acknowledged.Count;
            await Eventually.IsTrueAsync(() => acknowledged.Count > before + 50);
            server.Kill();
            await server.StartAgainAsync();
        }

        await stop.CancelAsync();
        await load;
        Assert.True(unavailable > 0, "The outages were never noticed.");
        await using var after = await RedisSessionStore.ConnectAsync(server.ConnectionString);
        foreach (var (handle, ended) in acknowledged)
        {
            var (session, _) = await after.FindAsync(handle, CancellationToken.None);
            Assert.NotNull(session);
            Assert.True(!ended || session.Ending is not null, $"{handle} was ended, and lives again.");
        }
    }

    [Fact]
    [Requirement("CR-09")]
    public async Task After_ten_thousand_sessions_expired_the_key_count_is_what_it_was()
    {
        await using var server = await RedisServer.StartAsync("--appendfsync", "no");
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        await using var store = await RedisSessionStore.ConnectAsync(server.ConnectionString, clock);
        await store.EndEveryoneAsync("warm-up", EndReason.Revoked, CancellationToken.None);
        var baseline = await KeysAsync(server);
        await Baseline.FillAndForgetAsync(store, clock, 10_000);
        Assert.Equal(baseline, await KeysAsync(server));
    }

    [Fact]
    [Requirement("CR-01")]
    public async Task The_files_of_Redis_hold_no_credential()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = await RedisSessionStore.ConnectAsync(server.ConnectionString);
        var keys = new MasterKeys(Convert.ToBase64String(Secret.New().Reveal()), "test", "https://holdfast.test");
        var reading = await store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        var session = TestSessions.Cookie(reading);
        var cookie = SessionCookie.New(keys, session.Handle);
        await store.CreateAsync(TestSessions.New(session with { Cookie = CookieRenewal.First(cookie, reading.Now) }), CancellationToken.None);

        var text = cookie.ToText().Reveal();
        var secret = Convert.FromBase64String(text[4..].Replace('-', '+').Replace('_', '/') + "==")[^32..];
        server.Kill();
        var files = Directory.GetFiles(server.Directory, "*", SearchOption.AllDirectories);
        Assert.Contains(files, file => File.ReadAllBytes(file).AsSpan().IndexOf("Lovelace"u8) >= 0);
        Assert.All(files, file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(secret)));
        Assert.All(files, file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text))));
    }

    [Fact]
    public async Task A_server_that_may_evict_is_refused_by_the_name_of_its_setting()
    {
        await using var server = await RedisServer.StartAsync("--maxmemory-policy", "allkeys-lru");
        var refused = await Assert.ThrowsAsync<HoldfastConfigurationException>(() => RedisSessionStore.ConnectAsync(server.ConnectionString));
        Assert.Contains("maxmemory-policy noeviction", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_master_with_replicas_must_not_write_alone()
    {
        await using var server = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{server.Port}");
        await using var admin = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString + ",allowAdmin=true");
        await Eventually.IsTrueAsync(async () => (await admin.GetServers()[0].InfoRawAsync("replication"))!.Contains("connected_slaves:1", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<HoldfastConfigurationException>(() => RedisSessionStore.ConnectAsync(server.ConnectionString));
        Assert.Contains("min-replicas-to-write 1", refused.Message, StringComparison.Ordinal);

        await admin.GetServers()[0].ConfigSetAsync("min-replicas-to-write", 1);
        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                await (await RedisSessionStore.ConnectAsync(server.ConnectionString)).DisposeAsync();
                return true;
            }
            catch (StoreUnavailableException)
            {
                // The replica has not yet said that it keeps up.
                return false;
            }
        });
    }

    [Fact]
    [Requirement("CR-08", "AU-03")]
    public async Task A_server_that_is_not_there_is_named_and_its_password_is_not()
    {
        var connection = $"127.0.0.1:{Ports.Free()},password=planted-secret,abortConnect=true,connectTimeout=300,connectRetry=0";
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => RedisSessionStore.ConnectAsync(connection));
        Assert.Contains("127.0.0.1", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("planted-secret", refused.ToString(), StringComparison.Ordinal);
    }

    private static async Task<long> KeysAsync(RedisServer server)
    {
        await using var admin = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString + ",allowAdmin=true");
        return await admin.GetServers()[0].DatabaseSizeAsync();
    }
}
