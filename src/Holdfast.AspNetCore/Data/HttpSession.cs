using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Holdfast.Data;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Session;

namespace Holdfast.AspNetCore.Data;

/// <summary>
/// <c>HttpContext.Session</c> over the session's data. What this request changed is written field by field, so that requests side by side
/// lose nothing; what cannot be read or written fails the request, and is never an empty session.
/// </summary>
internal sealed class HttpSession(HttpContext context) : ISession, ISessionFeature
{
    private readonly Dictionary<string, byte[]?> _changes = new(StringComparer.Ordinal);
    private ImmutableDictionary<string, DataField>? _loaded;

    ISession ISessionFeature.Session
    {
        get => this;
        set => context.Features.Set<ISessionFeature>(new Replaced { Session = value });
    }

    /// <summary>Always true: a session that cannot be loaded is an exception.</summary>
    public bool IsAvailable
    {
        get
        {
            Loaded();
            return true;
        }
    }

    /// <summary>The handle, which is public; for visitors without data a name that lasts for this request.</summary>
    public string Id => context.GetHoldfastSession().Handle?.ToString() ?? context.TraceIdentifier;

    public IEnumerable<string> Keys => Loaded().Keys.Where(key => !_changes.ContainsKey(key)).Concat(_changes.Where(change => change.Value is not null).Select(change => change.Key)).ToArray();

    /// <summary>The one of this request.</summary>
    public static HttpSession Of(HttpContext context)
    {
        if (context.Features.Get<HttpSession>() is { } known)
        {
            return known;
        }

        var session = new HttpSession(context);
        context.Features.Set(session);
        context.Features.Set<ISessionFeature>(session);
        return session;
    }

    public async Task LoadAsync(CancellationToken cancellationToken = default) =>
        _loaded ??= (await context.GetHoldfastSession().ReadAsync(cancellationToken)).Fields;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        value = _changes.TryGetValue(key, out var changed) ? changed : Loaded().TryGetValue(key, out var field) ? field.Value.ToArray() : null;
        return value is not null;
    }

    public void Set(string key, byte[] value)
    {
        if (key.Length is 0 or > DataChange.MaxFieldLength || key.StartsWith(DataChange.ReservedPrefix, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"A session key has 1 to {DataChange.MaxFieldLength} characters and does not begin with '{DataChange.ReservedPrefix}'; '{key}' breaks that.", nameof(key));
        }

        Change(key, [.. value]);
    }

    public void Remove(string key) => Change(key, null);

    public void Clear()
    {
        foreach (var key in Keys)
        {
            Change(key, null);
        }
    }

    /// <summary>Writes what changed. Nothing is left to write once the session has ended: its data went with it.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        var session = context.GetHoldfastSession();
        DataChange[] changes =
            [.. _changes.Where(change => change.Value is not null || session.Handle is not null).Select(change => new DataChange(change.Key, Memory(change.Value)))];
        if (changes.Length > 0 && session.Outcome != SessionOutcome.Ended)
        {
            await session.WriteAsync(changes, cancellationToken);
        }

        _changes.Clear();
        _loaded = null;
    }

    /// <summary>The last chance to write. What cannot be written then is dropped, so that the answer that says so can leave.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CommitAsync(cancellationToken);
        }
        catch
        {
            _changes.Clear();
            throw;
        }
    }

    private void Change(string key, byte[]? value)
    {
        if (context.Response.HasStarted && context.GetHoldfastSession().Handle is null)
        {
            throw new InvalidOperationException("A visitor's first session data must be written before the response starts: its cookie travels in the headers.");
        }

        if (_changes.Count == 0 && !context.Response.HasStarted)
        {
            context.Response.OnStarting(() => CommitAsync(context.RequestAborted));
        }

        _changes[key] = value;
    }

    // Endpoints find it loaded. Whoever comes before them, or after a commit, waits for the store here.
    private ImmutableDictionary<string, DataField> Loaded()
    {
        if (_loaded is null)
        {
            LoadAsync(context.RequestAborted).GetAwaiter().GetResult();
        }

        return _loaded!;
    }

    // A null array must stay "remove": left to itself, null converts to an empty value.
    private static ReadOnlyMemory<byte>? Memory(byte[]? value) => value is null ? default(ReadOnlyMemory<byte>?) : value.AsMemory();

    private sealed class Replaced : ISessionFeature
    {
        public required ISession Session { get; set; }
    }
}

/// <summary>Where <c>app.UseSession()</c> gets its sessions from, for applications that call it.</summary>
internal sealed class HttpSessionStore(IHttpContextAccessor accessor) : Microsoft.AspNetCore.Session.ISessionStore
{
    public ISession Create(string sessionKey, TimeSpan idleTimeout, TimeSpan ioTimeout, Func<bool> tryEstablishSession, bool isNewSessionKey) =>
        HttpSession.Of(accessor.HttpContext ?? throw new InvalidOperationException("HttpContext.Session belongs to a request, and there is none."));
}
