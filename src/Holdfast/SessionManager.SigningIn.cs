using System.Collections.Immutable;
using System.Text;
using Holdfast.Auditing;
using Holdfast.Data;
using Holdfast.Devices;
using Holdfast.Freshness;
using Holdfast.Limits;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast;

public sealed partial class SessionManager
{
    /// <summary>
    /// The facts to read before a proof (a password, say) is checked: a sign-in that started with them is refused if all sessions of
    /// the subject were ended in between.
    /// </summary>
    public ValueTask<SubjectReading> BeginSignInAsync(string tenant, string subject, CancellationToken cancellationToken)
    {
        CheckName(tenant, nameof(tenant));
        CheckName(subject, nameof(subject));
        return store.ReadSubjectAsync(tenant, subject, cancellationToken);
    }

    /// <summary>
    /// Starts a session for a subject whose proof has been checked: always under a new handle and a new secret. The session that it
    /// replaces is ended, never turned into the new one, so nobody who knew the old cookie holds the new session.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// A name is empty or longer than 256 characters, the claims exceed 4 KiB, a field of the data is misnamed, or the data exceeds its limit.
    /// </exception>
    /// <exception cref="StoreUnavailableException">Nothing was started; answer 503.</exception>
    public async ValueTask<SignInResult> SignInAsync(SignIn signIn, Caller caller, CancellationToken cancellationToken)
    {
        var terms = signIn.Terms ?? SessionTerms.Of(options);
        CheckName(terms.Tenant, nameof(terms.Tenant));
        CheckName(signIn.Subject, nameof(signIn.Subject));
        var claimBytes = signIn.Claims.Sum(claim => Encoding.UTF8.GetByteCount(claim.Type) + Encoding.UTF8.GetByteCount(claim.Value));
        if (claimBytes > SessionPolicy.MaxClaimsBytes)
        {
            throw new ArgumentException(
                $"The claims take {claimBytes} bytes; a session keeps at most {SessionPolicy.MaxClaimsBytes}. Keep large or changing facts in session data or your own tables.",
                nameof(signIn));
        }

        CheckData(signIn.Data);
        while (true)
        {
            var reading = signIn.Reading ?? await store.ReadSubjectAsync(terms.Tenant, signIn.Subject, cancellationToken);
            var draft = Draft(signIn, terms, reading);
            var upgraded = await FreezeAsync(signIn, terms.Tenant, draft.Session.Handle, cancellationToken);
            var carriesData = upgraded is not null && (upgraded.IsAnonymous || upgraded.Subject == signIn.Subject);
            var data = (carriesData ? await CopyDataAsync(upgraded!.Handle, cancellationToken) : NoData).SetItems(signIn.Data);
            var limit = RoomFor(upgraded, signIn.Subject, terms.Limit);
            var created = await store.CreateAsync(new NewSession(draft.Session, data, limit), cancellationToken);
            foreach (var evicted in created.Evicted)
            {
                memory.Wrote(evicted.Partition, FeedEntry.SessionEnded(draft.Session.Tenant, evicted, EndReason.Evicted, reading.Now));
            }

            if (created.Status is not CreateStatus.Created)
            {
                await ThawAsync(upgraded, cancellationToken);
                return await RefuseSignInAsync(created.Status, terms.Tenant, signIn.Subject, caller);
            }

            if (upgraded is not null && !await SupersedeAsync(upgraded, caller, cancellationToken))
            {
                // Another sign-in took the same old session over. Its copy of the data is the newer one: begin again beside it.
                await EndAsync(draft.Session.Handle, EndReason.Superseded, caller, cancellationToken);
                continue;
            }

            await RecordAsync(SessionEventType.SessionCreated, draft.Session, caller);
            await RecordAsync(SessionEventType.SignedIn, draft.Session, caller);
            foreach (var evicted in created.Evicted)
            {
                await RecordAsync(SessionEventType.SessionEvicted, draft.Session with { Handle = evicted }, caller, EndReason.Evicted);
            }

            await WatchDeviceAsync(draft.Session, caller, cancellationToken);
            var credentials = await IssueAsync(draft, terms, reading.Now, cancellationToken);
            return new SignInResult(SignInStatus.SignedIn, draft.Session, credentials);
        }
    }

    /// <summary>Starts a session for a visitor who has not signed in: for their first data, never for merely looking at a page.</summary>
    public async ValueTask<SignInResult> StartAnonymousAsync(string tenant, Device? device, Caller caller, CancellationToken cancellationToken)
    {
        CheckName(tenant, nameof(tenant));
        var reading = await store.ReadSubjectAsync(tenant, null, cancellationToken);
        var handle = SessionHandle.New(reading.Partition);
        var cookie = SessionCookie.New(keys, handle);
        var session = new Session
        {
            Handle = handle,
            Tenant = tenant,
            Version = 1,
            Epoch = reading.Epoch,
            Transport = SessionTransport.Cookie,
            CreatedAt = reading.Now,
            LastSeenAt = reading.Now,
            IdleTimeout = options.IdleTimeout,
            ExpiresAt = reading.Now + options.AbsoluteTimeout,
            Cookie = CookieRenewal.First(cookie, reading.Now),
            Device = device,
        };
        var created = await store.CreateAsync(new NewSession(session, NoData, SessionLimit.None), cancellationToken);
        if (created.Status != CreateStatus.Created)
        {
            return new SignInResult(SignInStatus.EpochMoved, null, null);
        }

        await RecordAsync(SessionEventType.SessionCreated, session, caller);
        return new SignInResult(SignInStatus.SignedIn, session, new Credentials { Cookie = cookie.ToText() });
    }

    /// <summary>Records a proof that was wrong. Say what was tried for, never what was tried.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="subject">The account that was tried, as far as is known.</param>
    /// <param name="reason">One word: <c>wrong_password</c>, <c>locked_out</c>, ...</param>
    /// <param name="caller">Who tried.</param>
    public ValueTask RecordFailureAsync(string tenant, string? subject, string reason, Caller caller) =>
        events.RecordAsync(Event(SessionEventType.SignInFailed, tenant, caller) with { Subject = subject, Reason = reason });

    private static ImmutableDictionary<string, ReadOnlyMemory<byte>> NoData => ImmutableDictionary<string, ReadOnlyMemory<byte>>.Empty;

    private NewCredentials Draft(SignIn signIn, SessionTerms terms, SubjectReading reading)
    {
        var handle = SessionHandle.New(reading.Partition);
        var cookie = signIn.Transport == SessionTransport.Cookie ? SessionCookie.New(keys, handle) : null;
        var refresh = cookie is null ? RefreshToken.First(keys.Active, handle) : null;
        var (idle, absolute) = (cookie, signIn.Remembered) switch
        {
            (null, _) => terms.Refresh,
            (_, true) => terms.Remembered,
            _ => terms.Cookie,
        };
        var session = new Session
        {
            Handle = handle,
            Tenant = terms.Tenant,
            Client = terms.Client,
            Subject = signIn.Subject,
            Version = 1,
            Epoch = reading.Epoch,
            Transport = signIn.Transport,
            Remembered = signIn.Remembered && cookie is not null,
            CreatedAt = reading.Now,
            LastSeenAt = reading.Now,
            IdleTimeout = idle,
            ExpiresAt = reading.Now + absolute,
            Assurance = new Assurance(signIn.AuthTime is { } proven && proven < reading.Now ? proven : reading.Now, signIn.Acr, signIn.Amr),
            Cookie = cookie is null ? null : CookieRenewal.First(cookie, reading.Now),
            Refresh = refresh is null ? null : RefreshRotation.First(refresh, reading.Now),
            Claims = signIn.Claims,
            Device = signIn.Device,
        };
        return new NewCredentials(session, cookie, refresh);
    }

    private async ValueTask<Credentials> IssueAsync(NewCredentials draft, SessionTerms terms, DateTimeOffset now, CancellationToken cancellationToken) =>
        draft.Refresh is { } refresh
            ? await TokensAsync(draft.Session, terms, refresh, now, cancellationToken)
            : new Credentials { Cookie = draft.Cookie!.ToText() };

    private async ValueTask<SignInResult> RefuseSignInAsync(CreateStatus status, string tenant, string subject, Caller caller)
    {
        var refused = status == CreateStatus.LimitReached ? SignInStatus.LimitReached : SignInStatus.EpochMoved;
        await events.RecordAsync(Event(SessionEventType.SignInRefused, tenant, caller) with
        {
            Subject = subject,
            Reason = refused == SignInStatus.LimitReached ? "limit_reached" : "epoch_moved",
        });
        return new SignInResult(refused, null, null);
    }

    // The session about to be replaced still counts in the store, and must not cost its own user the sign-in.
    private static SessionLimit RoomFor(Session? replaced, string subject, SessionLimit limit) =>
        limit.Max > 0 && replaced?.Subject == subject ? limit with { Max = limit.Max + 1 } : limit;

    private void CheckData(ImmutableDictionary<string, ReadOnlyMemory<byte>> data)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in data.Keys)
        {
            CheckField(field, names);
        }

        var size = data.Sum(field => (long)Encoding.UTF8.GetByteCount(field.Key) + field.Value.Length);
        if (size > options.MaxDataBytes)
        {
            throw new ArgumentException($"The first data takes {size} bytes; MaxDataBytes is {options.MaxDataBytes}.", nameof(data));
        }
    }

    private static void CheckName(string name, string parameter)
    {
        if (name.Length is 0 or > SessionPolicy.MaxNameLength)
        {
            throw new ArgumentException($"{parameter} has {name.Length} characters: 1 to {SessionPolicy.MaxNameLength}.", parameter);
        }
    }

    private sealed record NewCredentials(Session Session, SessionCookie? Cookie, RefreshToken? Refresh);
}
