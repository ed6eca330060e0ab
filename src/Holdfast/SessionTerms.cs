using Holdfast.Limits;

namespace Holdfast;

/// <summary>
/// What holds for the sessions of one application: its tenant, whom its tokens are for, and its limits. An application that runs the
/// engine in its own process has those of its settings; a server that many applications share has one for each of them.
/// </summary>
public sealed record SessionTerms
{
    /// <summary>The isolation unit.</summary>
    public string Tenant { get; init; } = SessionPolicy.DefaultTenant;

    /// <summary>
    /// The application's id, kept in its sessions and named by their tokens: only it may refresh them. Null for this process's own.
    /// </summary>
    public string? Client { get; init; }

    /// <summary>Whom access tokens are for, and the only audience that is accepted.</summary>
    public required string Audience { get; init; }

    /// <summary>The limits of cookie sessions.</summary>
    public required SessionLifetime Cookie { get; init; }

    /// <summary>The limits of cookie sessions whose user chose to stay signed in.</summary>
    public required SessionLifetime Remembered { get; init; }

    /// <summary>The limits of sessions with refresh tokens.</summary>
    public required SessionLifetime Refresh { get; init; }

    /// <summary>How many sessions a subject may have.</summary>
    public required SessionLimit Limit { get; init; }

    /// <summary>The terms that the settings describe.</summary>
    public static SessionTerms Of(HoldfastOptions options) => new()
    {
        Audience = options.EffectiveAudience,
        Cookie = new SessionLifetime(options.IdleTimeout, options.AbsoluteTimeout),
        Remembered = new SessionLifetime(options.RememberedIdleTimeout, options.RememberedAbsoluteTimeout),
        Refresh = new SessionLifetime(options.RefreshIdleTimeout, options.RefreshAbsoluteTimeout),
        Limit = options.SessionLimit,
    };
}

/// <summary>How long a session may go unused, and last at all.</summary>
/// <param name="Idle">Without a request made for its user.</param>
/// <param name="Absolute">Whatever happens.</param>
public readonly record struct SessionLifetime(TimeSpan Idle, TimeSpan Absolute);
