using BenchmarkDotNet.Attributes;
using Holdfast.Refresh;
using Holdfast.Testing;
using Holdfast.Tokens;

namespace Holdfast.Bench;

/// <summary>What each step of a check costs by itself.</summary>
[MemoryDiagnoser]
public class Primitives
{
    private MasterKeys _keys = null!;
    private KeyRing _keyRing = null!;
    private MemorySessionStore _store = null!;
    private const string Audience = "https://bench.test";

    private Session _session = null!;
    private RefreshToken _refresh = null!;
    private string _cookie = null!;
    private string _accessToken = null!;
    private byte[] _record = null!;

    /// <summary>One session with everything.</summary>
    [GlobalSetup]
    public async Task SetUpAsync()
    {
        var options = new HoldfastOptions { Environment = "bench" };
        _keys = new MasterKeys(Convert.ToBase64String(Secret.New().Reveal()), "bench", options.Issuer);
        _store = new MemorySessionStore(TimeProvider.System);
        _keyRing = new KeyRing(_store, _keys, options, TimeProvider.System);
        await _keyRing.RotateIfDueAsync(CancellationToken.None);
        var reading = await _store.ReadSubjectAsync(TestSessions.Tenant, TestSessions.Ada, CancellationToken.None);
        _session = TestSessions.Tokens(reading);
        await _store.CreateAsync(TestSessions.New(_session), CancellationToken.None);
        _refresh = RefreshToken.First(_keys.Active, _session.Handle);
        _cookie = SessionCookie.New(_keys, _session.Handle).ToText().Reveal();
        _accessToken = (await _keyRing.IssueAsync(_session, Audience, reading.Now, CancellationToken.None)).Text.Reveal();
        _record = SessionCodec.Encode(_session);
    }

    /// <summary>Reading and digesting a cookie.</summary>
    [Benchmark]
    public bool ParseCookie() => SessionCookie.TryParse(_cookie, out _);

    /// <summary>Reading a refresh token and verifying its MAC.</summary>
    [Benchmark]
    public RefreshParse ParseRefreshToken() => RefreshToken.TryParse(_refresh.ToText().Reveal(), _keys, out _);

    /// <summary>Deriving a refresh token's successor.</summary>
    [Benchmark]
    public RefreshToken DeriveSuccessor() => _refresh.Successor(_keys.Active);

    /// <summary>Signing an access token (ES256).</summary>
    [Benchmark]
    public async Task<AccessToken> IssueAccessToken() => await _keyRing.IssueAsync(_session, Audience, _session.CreatedAt, CancellationToken.None);

    /// <summary>Verifying one.</summary>
    [Benchmark]
    public async Task<AccessTokenCheck> VerifyAccessToken() => await _keyRing.VerifyAsync(_accessToken, Audience, CancellationToken.None);

    /// <summary>A record from its bytes.</summary>
    [Benchmark]
    public Session DecodeRecord() => SessionCodec.Decode(_record, new MovingParts(_session.LastSeenAt, 0, 0));

    /// <summary>A record from the store in memory.</summary>
    [Benchmark]
    public async Task<SessionReading> FindInMemory() => await _store.FindAsync(_session.Handle, CancellationToken.None);
}
