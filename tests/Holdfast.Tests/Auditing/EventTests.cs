using Holdfast.Auditing;
using Holdfast.Tokens;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Tests.Auditing;

/// <summary>What is recorded, in which words, and what never is.</summary>
public sealed class EventTests
{
    [Fact]
    [Requirement("AU-01", "AU-02")]
    public async Task A_life_leaves_one_event_for_each_thing_that_happened()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync();
        engine.Clock.Advance(TimeSpan.FromMinutes(15));
        await engine.CheckAsync(signIn.Credentials!);
        await engine.Sessions.RecordFailureAsync(Engine.Tenant, Engine.Ada, "wrong_password", Engine.Browser);
        await engine.Sessions.EndAsync(signIn.Session!.Handle, EndReason.SignedOut, Engine.Browser, CancellationToken.None);
        var events = await engine.EventsAsync();
        Assert.Equal(["session.created", "sign_in.succeeded", "session.secret_renewed", "sign_in.failed", "session.signed_out"], events.Select(one => one.Name));
        var last = events[^1];
        Assert.Equal(
            (engine.Clock.GetUtcNow(), TimeSpan.Zero, Engine.Ada, signIn.Session.Handle, "user", "192.0.2.7", Engine.Browser.UserAgent, "request-1", "signed_out", EventOutcome.Success),
            (last.At, last.At.Offset, last.Subject, last.Handle!.Value, last.Actor, last.Address, last.UserAgent, last.CorrelationId, last.Reason, last.Outcome));
    }

    [Fact]
    [Requirement("AU-03")]
    public async Task No_secret_reaches_a_log_line_an_event_or_an_exception()
    {
        using var engine = await Engine.StartedAsync();
        var planted = new List<string>();
        var cookie = (await engine.SignInAsync()).Credentials!.Cookie!;
        var tokens = (await engine.SignInAsync(transport: SessionTransport.Tokens)).Credentials!;
        planted.AddRange([cookie.Reveal(), tokens.RefreshToken!.Reveal(), tokens.AccessToken!.Text.Reveal()]);
        engine.Clock.Advance(TimeSpan.FromMinutes(20));
        planted.Add((await engine.CheckAsync(cookie)).RenewedCookie!.Reveal());
        for (var round = 0; round < 3; round++)
        {
            planted.AddRange((await engine.RefreshAsync(tokens.RefreshToken)).Credentials is { } next ? [next.RefreshToken!.Reveal(), next.AccessToken!.Text.Reveal()] : []);
            tokens = (await engine.RefreshAsync(tokens.RefreshToken)).Credentials ?? tokens;
        }

        await engine.CheckAsync(new CredentialText("hfs_" + planted[0][4..].Replace(planted[0][30], 'A')));
        await engine.CheckTokenAsync(tokens);
        await engine.RefreshAsync(new CredentialText(planted[1]));
        await engine.RefreshAsync(new CredentialText(planted[1]));
        var output = string.Join('\n', engine.Log.Lines) + string.Join('\n', (await engine.EventsAsync()).Select(one => one.ToString()));
        output += tokens + cookie.ToString() + tokens.AccessToken;
        Assert.Contains("refresh.reused", output, StringComparison.Ordinal);
        foreach (var secret in planted)
        {
            // Neither whole nor in part: not the random half, not a signature.
            Assert.DoesNotContain(secret, output, StringComparison.Ordinal);
            Assert.DoesNotContain(secret[^24..], output, StringComparison.Ordinal);
            Assert.DoesNotContain(secret.Substring(secret.Length / 2, 20), output, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Requirement("AU-03")]
    public void A_rejected_credential_is_correlated_by_a_keyed_hash()
    {
        var (one, other) = (new MasterKeys(Engine.NewSecret(), "test", "https://holdfast.test"), new MasterKeys(Engine.NewSecret(), "test", "https://holdfast.test"));
        Assert.Equal(one.HashForLogs("guess"), one.HashForLogs("guess"));
        Assert.NotEqual(one.HashForLogs("guess"), one.HashForLogs("other"));
        Assert.NotEqual(one.HashForLogs("guess"), other.HashForLogs("guess"));
    }

    [Theory]
    [InlineData("a\r\nb", "a  b")]
    [InlineData("a\u2028b\u0000\u001b[31m", "a b  [31m")]
    [InlineData("plain", "plain")]
    [Requirement("AU-04")]
    public async Task Text_from_clients_cannot_forge_a_line(string sent, string kept)
    {
        using var engine = await Engine.StartedAsync();
        await engine.Sessions.RecordFailureAsync(Engine.Tenant, sent, "wrong_password", new Caller(sent, sent, sent));
        var recorded = Assert.Single(await engine.EventsAsync());
        Assert.Equal((kept, kept, kept, kept), (recorded.Subject, recorded.Address, recorded.UserAgent, recorded.CorrelationId));
        Assert.Single(engine.Log.Lines.Last().Split('\n', '\r', '\u2028'));
    }

    [Fact]
    [Requirement("AU-04")]
    public void Text_from_clients_is_cut() => Assert.Equal(256, SessionEvents.OneLine(new string('x', 10_000))!.Length);

    [Fact]
    [Requirement("AU-06")]
    public async Task A_sink_that_fails_or_hangs_neither_stops_a_request_nor_loses_an_event_in_silence()
    {
        var clock = new FakeTimeProvider();
        var log = new RecordingLog();
        var queue = new SessionEventQueue([new FailingSink()], clock, Microsoft.Extensions.Logging.LoggerFactoryExtensions.CreateLogger<SessionEventQueue>(log));
        var one = new SessionEvent { At = default, Type = SessionEventType.SignedIn, Tenant = Engine.Tenant, Actor = "user" };
        for (var index = 0; index < SessionEventQueue.Capacity; index++)
        {
            await queue.EnqueueAsync(one);
        }

        var beyond = queue.EnqueueAsync(one);
        Assert.False(beyond.IsCompleted);
        clock.Advance(SessionEventQueue.Patience);
        await beyond;
        Assert.Contains(log.Lines, line => line.StartsWith("Critical 1010", StringComparison.Ordinal));
        await queue.DrainAsync(CancellationToken.None);
        Assert.Equal(SessionEventQueue.Capacity, log.Lines.Count(line => line.StartsWith("Error 1011", StringComparison.Ordinal)));
    }

    [Fact]
    [Requirement("AU-01")]
    public void Each_type_has_a_name_of_its_own()
    {
        var names = Enum.GetValues<SessionEventType>().Select(SessionEventTypes.Name).ToArray();
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[a-z_]+\\.[a-z_]+$", name));
    }

    private sealed class FailingSink : ISessionEventSink
    {
        public ValueTask WriteAsync(SessionEvent sessionEvent, CancellationToken cancellationToken) => throw new InvalidOperationException("The disk is full.");
    }
}
