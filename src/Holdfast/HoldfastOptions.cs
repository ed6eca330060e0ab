using Holdfast.Limits;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>
/// Every setting of the engine. <see cref="Validate"/> names each value that breaks a rule, and a host does not start with one.
/// </summary>
public sealed class HoldfastOptions
{
    /// <summary>The section that hosts bind: <c>Holdfast</c>.</summary>
    public const string SectionName = "Holdfast";

    /// <summary>
    /// Which deployment this is (<c>production</c>, <c>staging</c>): part of every derived key, so that a credential of one environment is
    /// worthless in another. Default: the host's environment name. At most 64 characters.
    /// </summary>
    public string Environment { get; set; } = "";

    /// <summary>
    /// Who issues tokens: an absolute URL without query or fragment, <c>https</c> unless it is on loopback. Default:
    /// <c>https://holdfast.invalid</c>, which no party outside this application should be asked to trust.
    /// </summary>
    public string Issuer { get; set; } = "https://holdfast.invalid";

    /// <summary>Whom access tokens are for (RFC 9068, <c>aud</c>). Default: the issuer.</summary>
    public string? Audience { get; set; }

    /// <summary>The <c>client_id</c> in access tokens. Default: the audience.</summary>
    public string? ClientId { get; set; }

    /// <summary>
    /// The master secret: 32 random bytes in base64. Several, separated by commas, while it is being rotated: the first makes new keys,
    /// all are accepted. May be absent only with an embedded store, which then keeps one in a file beside its database.
    /// </summary>
    public string? MasterSecret { get; set; }

    /// <summary>Cookie sessions: how long one may go unused. 1 minute to 30 days; default 30 minutes.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Cookie sessions: how long one may last at all. At least the idle timeout, at most 30 days; default 12 hours.</summary>
    public TimeSpan AbsoluteTimeout { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Remembered cookie sessions: how long one may go unused. 1 minute to 30 days; default 7 days.</summary>
    public TimeSpan RememberedIdleTimeout { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Remembered cookie sessions: how long one may last. At least its idle timeout, at most 400 days; default 30 days.</summary>
    public TimeSpan RememberedAbsoluteTimeout { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Token sessions: how long a refresh token may go unused. 1 minute to 90 days; default 7 days.</summary>
    public TimeSpan RefreshIdleTimeout { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Token sessions: how long a family of refresh tokens may last. At least its idle timeout, at most 400 days; default 30 days.</summary>
    public TimeSpan RefreshAbsoluteTimeout { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long an access token lives. 30 seconds to 15 minutes; default 5 minutes.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The signature of access tokens: ES256, RS256, PS256 or HS256. Default ES256.</summary>
    public string SigningAlgorithm { get; set; } = "ES256";

    /// <summary>How long a signing key signs before the next one takes over. 1 day to 1 year; default 30 days.</summary>
    public TimeSpan SigningKeyLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// The claim types that are copied from the session into access tokens, the only way a claim enters one. Whoever holds the token can
    /// read them. Default: none.
    /// </summary>
    public IList<string> AccessTokenClaims { get; } = [];

    /// <summary>
    /// How long a refresh token that was just replaced is answered with the same successor again. 0 to 30 seconds; default 10 seconds.
    /// 0 is strict mode: every later use counts as reuse.
    /// </summary>
    public TimeSpan RefreshRetryWindow { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After how long a cookie's secret is renewed. 1 minute to 1 day, or 0 for never; default 15 minutes.</summary>
    public TimeSpan RenewSecretAfter { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How many sessions a subject may have. 0 to 10000; default 0, not limited.</summary>
    public int MaxSessionsPerSubject { get; set; }

    /// <summary>What happens to the sign-in beyond that. Default: it is refused.</summary>
    public WhenLimitReached WhenLimitReached { get; set; } = WhenLimitReached.Refuse;

    /// <summary>
    /// How recent a sign-in or step-up must be to end one's other sessions or to change an account's own credentials. 1 minute to 1 day;
    /// default 5 minutes.
    /// </summary>
    public TimeSpan RecentSignIn { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a step-up counts before its session falls back to what its sign-in proved. 1 minute to 1 hour; default 15 minutes.
    /// </summary>
    public TimeSpan ElevationLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Remembers on which devices each subject signs in, and records <c>device.new</c> and <c>device.long_absent</c>, for an event sink to
    /// tell the user. Default: false.
    /// </summary>
    public bool WatchDevices { get; set; }

    /// <summary>After how long without a sign-in a return is recorded. 1 day to 400 days; default 90 days.</summary>
    public TimeSpan LongAbsence { get; set; } = TimeSpan.FromDays(90);

    /// <summary>The NIST SP 800-63B-4 level whose ceilings this deployment keeps. Default: none is claimed.</summary>
    public AssuranceProfile AssuranceProfile { get; set; }

    /// <summary>
    /// Why a limit lies above a ceiling of <see cref="AssuranceProfile"/>, for the record; it does not lift AAL3's absolute limit.
    /// Default: none, and the start is refused.
    /// </summary>
    public string? TimeoutJustification { get; set; }

    /// <summary>How much data a session may hold, names and values together. 0 to 1 MiB; default 64 KiB.</summary>
    public int MaxDataBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// The staleness bound: how long after an acknowledged ending any node may still accept its session. Beyond it a node asks the store, and
    /// answers 503 if the store is silent. 200 milliseconds to 10 seconds; default 1 second.
    /// </summary>
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many live sessions each node remembers at most. 1000 to 10000000; default 250000.</summary>
    public int CachedSessions { get; set; } = 250_000;

    /// <summary>How much memory they may take, in bytes, about. 1 MiB to 16 GiB; default 256 MiB.</summary>
    public long CachedBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>The audience that is in force.</summary>
    public string EffectiveAudience => string.IsNullOrEmpty(Audience) ? Issuer : Audience;

    /// <summary>The client id that is in force.</summary>
    public string EffectiveClientId => string.IsNullOrEmpty(ClientId) ? EffectiveAudience : ClientId;

    /// <summary>The limit that is in force.</summary>
    public SessionLimit SessionLimit => new(MaxSessionsPerSubject, WhenLimitReached);

    /// <summary>Every broken rule, each naming the setting, its value and what is allowed. Empty if all is well.</summary>
    public IEnumerable<string> Validate()
    {
        var day = TimeSpan.FromDays(1);
        var minute = TimeSpan.FromMinutes(1);
        string?[] broken =
        [
            Environment.Length is > 0 and <= 64 ? null : $"Environment is '{Environment}': 1 to 64 characters that name this deployment.",
            CheckIssuer(),
            Between(IdleTimeout, minute, 30 * day, nameof(IdleTimeout)),
            Between(AbsoluteTimeout, minute, 30 * day, nameof(AbsoluteTimeout)),
            Within(IdleTimeout, AbsoluteTimeout, nameof(IdleTimeout), nameof(AbsoluteTimeout)),
            Between(RememberedIdleTimeout, minute, 30 * day, nameof(RememberedIdleTimeout)),
            Between(RememberedAbsoluteTimeout, minute, 400 * day, nameof(RememberedAbsoluteTimeout)),
            Within(RememberedIdleTimeout, RememberedAbsoluteTimeout, nameof(RememberedIdleTimeout), nameof(RememberedAbsoluteTimeout)),
            Between(RefreshIdleTimeout, minute, 90 * day, nameof(RefreshIdleTimeout)),
            Between(RefreshAbsoluteTimeout, minute, 400 * day, nameof(RefreshAbsoluteTimeout)),
            Within(RefreshIdleTimeout, RefreshAbsoluteTimeout, nameof(RefreshIdleTimeout), nameof(RefreshAbsoluteTimeout)),
            Between(AccessTokenLifetime, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(15), nameof(AccessTokenLifetime)),
            Between(SigningKeyLifetime, day, 366 * day, nameof(SigningKeyLifetime)),
            Between(RefreshRetryWindow, TimeSpan.Zero, TimeSpan.FromSeconds(30), nameof(RefreshRetryWindow)),
            RenewSecretAfter == TimeSpan.Zero ? null : Between(RenewSecretAfter, minute, day, nameof(RenewSecretAfter)),
            SigningAlgorithms.IsSupported(SigningAlgorithm)
                ? null : $"SigningAlgorithm is '{SigningAlgorithm}': one of {string.Join(", ", SigningAlgorithms.Supported)}.",
            MaxSessionsPerSubject is >= 0 and <= 10_000 ? null : $"MaxSessionsPerSubject is {MaxSessionsPerSubject}: 0 to 10000.",
            Enum.IsDefined(WhenLimitReached) ? null : $"WhenLimitReached is {(int)WhenLimitReached}: refuse, end_oldest or end_least_recent.",
            Between(RecentSignIn, minute, day, nameof(RecentSignIn)),
            Between(ElevationLifetime, minute, 60 * minute, nameof(ElevationLifetime)),
            Between(LongAbsence, day, 400 * day, nameof(LongAbsence)),
            Enum.IsDefined(AssuranceProfile) ? null : $"AssuranceProfile is {(int)AssuranceProfile}: None, Aal1, Aal2 or Aal3.",
            Between(MaxStaleness, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), nameof(MaxStaleness)),
            CachedSessions is >= 1000 and <= 10_000_000 ? null : $"CachedSessions is {CachedSessions}: 1000 to 10000000.",
            CachedBytes is >= 1L << 20 and <= 1L << 34 ? null : $"CachedBytes is {CachedBytes}: 1048576 to 17179869184.",
            MaxDataBytes is >= 0 and <= 1024 * 1024 ? null : $"MaxDataBytes is {MaxDataBytes}: 0 to 1048576.",
        ];
        return
        [
            .. broken.OfType<string>(),
            .. AccessTokenClaims.Where(AccessTokenClaimNames.IsReserved).Select(claim => $"AccessTokenClaims contains '{claim}', which Holdfast sets itself."),
            .. BrokenCeilings(),
        ];
    }

    private IEnumerable<string> BrokenCeilings()
    {
        var (idle, absolute) = AssuranceProfile switch
        {
            AssuranceProfile.Aal1 => (TimeSpan.MaxValue, TimeSpan.FromDays(30)),
            AssuranceProfile.Aal2 => (TimeSpan.FromHours(1), TimeSpan.FromHours(24)),
            AssuranceProfile.Aal3 => (TimeSpan.FromMinutes(15), TimeSpan.FromHours(12)),
            _ => (TimeSpan.MaxValue, TimeSpan.MaxValue),
        };
        var justified = !string.IsNullOrWhiteSpace(TimeoutJustification);
        (string Name, TimeSpan Value, TimeSpan Ceiling, bool Final)[] limits =
        [
            (nameof(IdleTimeout), IdleTimeout, idle, false),
            (nameof(RememberedIdleTimeout), RememberedIdleTimeout, idle, false),
            (nameof(RefreshIdleTimeout), RefreshIdleTimeout, idle, false),
            (nameof(AbsoluteTimeout), AbsoluteTimeout, absolute, AssuranceProfile == AssuranceProfile.Aal3),
            (nameof(RememberedAbsoluteTimeout), RememberedAbsoluteTimeout, absolute, AssuranceProfile == AssuranceProfile.Aal3),
            (nameof(RefreshAbsoluteTimeout), RefreshAbsoluteTimeout, absolute, AssuranceProfile == AssuranceProfile.Aal3),
        ];
        return limits.Where(limit => limit.Value > limit.Ceiling && (limit.Final || !justified)).Select(limit =>
            $"{limit.Name} is {limit.Value}, above the {limit.Ceiling} of {AssuranceProfile}" + (limit.Final ? ", which nothing lifts." : ": lower it, or record why in TimeoutJustification."));
    }

    private string? CheckIssuer()
    {
        var ok = Uri.TryCreate(Issuer, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            && uri.Query.Length == 0 && uri.Fragment.Length == 0;
        return ok ? null : $"Issuer is '{Issuer}': an https URL without query or fragment (http only on loopback).";
    }

    private static string? Between(TimeSpan value, TimeSpan least, TimeSpan most, string name) =>
        value >= least && value <= most ? null : $"{name} is {value}: {least} to {most}.";

    private static string? Within(TimeSpan idle, TimeSpan absolute, string idleName, string absoluteName) =>
        idle <= absolute ? null : $"{idleName} is {idle}, above {absoluteName}, which is {absolute}: a session cannot idle longer than it may last.";
}

/// <summary>The configuration breaks a rule; the message names the setting, its value and the rule, never a secret.</summary>
public sealed class HoldfastConfigurationException : Exception
{
    /// <summary>Says what is wrong.</summary>
    public HoldfastConfigurationException(string message)
        : base(message)
    {
    }
}
