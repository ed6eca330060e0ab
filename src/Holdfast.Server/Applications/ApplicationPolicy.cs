using System.Collections.Immutable;

namespace Holdfast.Server.Applications;

/// <summary>Settings that one application has for itself. They are the engine's own, by name, and held to the same rules.</summary>
internal static class ApplicationPolicy
{
    public static ImmutableArray<string> Settings { get; } =
    [
        nameof(HoldfastOptions.IdleTimeout), nameof(HoldfastOptions.AbsoluteTimeout),
        nameof(HoldfastOptions.RememberedIdleTimeout), nameof(HoldfastOptions.RememberedAbsoluteTimeout),
        nameof(HoldfastOptions.RefreshIdleTimeout), nameof(HoldfastOptions.RefreshAbsoluteTimeout),
        nameof(HoldfastOptions.MaxSessionsPerSubject), nameof(HoldfastOptions.WhenLimitReached),
    ];

    /// <summary>The terms of an application: the server's settings, with its own over them.</summary>
    public static SessionTerms TermsOf(Application application, HoldfastOptions options) => SessionTerms.Of(Merge(application.Policy, options)) with
    {
        Tenant = application.Tenant,
        Client = application.Id,
        Audience = application.Audience,
    };

    public static IEnumerable<string> Validate(ImmutableSortedDictionary<string, string> policy, HoldfastOptions options)
    {
        string[] unknown = [.. policy.Keys.Except(Settings).Select(name => $"'{name}' is no setting of an application: {string.Join(", ", Settings)}.")];
        if (unknown.Length > 0)
        {
            return unknown;
        }

        try
        {
            return Merge(policy, options).Validate();
        }
        catch (InvalidOperationException exception)
        {
            // The binder names the setting; the value's own complaint is inside.
            return [exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message];
        }
    }

    private static HoldfastOptions Merge(ImmutableSortedDictionary<string, string> policy, HoldfastOptions options)
    {
        var merged = new HoldfastOptions
        {
            Environment = options.Environment,
            Issuer = options.Issuer,
            IdleTimeout = options.IdleTimeout,
            AbsoluteTimeout = options.AbsoluteTimeout,
            RememberedIdleTimeout = options.RememberedIdleTimeout,
            RememberedAbsoluteTimeout = options.RememberedAbsoluteTimeout,
            RefreshIdleTimeout = options.RefreshIdleTimeout,
            RefreshAbsoluteTimeout = options.RefreshAbsoluteTimeout,
            MaxSessionsPerSubject = options.MaxSessionsPerSubject,
            WhenLimitReached = options.WhenLimitReached,
            AssuranceProfile = options.AssuranceProfile,
            TimeoutJustification = options.TimeoutJustification,
        };
        new ConfigurationBuilder().AddInMemoryCollection(policy.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build().Bind(merged);
        return merged;
    }
}
