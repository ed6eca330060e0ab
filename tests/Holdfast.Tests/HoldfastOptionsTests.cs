using Holdfast.Tokens;

namespace Holdfast.Tests;

/// <summary>A bad configuration stops the start, naming the value and the rule (invariant 8).</summary>
public sealed class HoldfastOptionsTests
{
    public static TheoryData<string, Action<HoldfastOptions>> Broken => new()
    {
        { "IdleTimeout is 13:00:00, above AbsoluteTimeout", options => options.IdleTimeout = TimeSpan.FromHours(13) },
        { "IdleTimeout is 00:00:00", options => options.IdleTimeout = TimeSpan.Zero },
        { "AbsoluteTimeout is -1", options => options.AbsoluteTimeout = TimeSpan.FromDays(-1) },
        { "RememberedIdleTimeout is 31.00:00:00", options => options.RememberedIdleTimeout = TimeSpan.FromDays(31) },
        { "RefreshAbsoluteTimeout is 10675199", options => options.RefreshAbsoluteTimeout = TimeSpan.MaxValue },
        { "AccessTokenLifetime is 00:16:00", options => options.AccessTokenLifetime = TimeSpan.FromMinutes(16) },
        { "RefreshRetryWindow is 00:00:31", options => options.RefreshRetryWindow = TimeSpan.FromSeconds(31) },
        { "SigningAlgorithm is 'none'", options => options.SigningAlgorithm = "none" },
        { "SigningAlgorithm is 'es256'", options => options.SigningAlgorithm = "es256" },
        { "Issuer is 'http://example.com'", options => options.Issuer = "http://example.com" },
        { "Issuer is 'https://example.com?x=1'", options => options.Issuer = "https://example.com?x=1" },
        { "Environment is ''", options => options.Environment = "" },
        { "AccessTokenClaims contains 'sub'", options => options.AccessTokenClaims.Add("sub") },
        { "MaxSessionsPerSubject is -1", options => options.MaxSessionsPerSubject = -1 },
        { "ElevationLifetime is 01:00:01", options => options.ElevationLifetime = new TimeSpan(1, 0, 1) },
        { "LongAbsence is 00:00:00", options => options.LongAbsence = TimeSpan.Zero },
        { "MaxDataBytes is 1048577", options => options.MaxDataBytes = 1048577 },
        { "RenewSecretAfter is 00:00:01", options => options.RenewSecretAfter = TimeSpan.FromSeconds(1) },
        { "AbsoluteTimeout is 12:00:01, above the 12:00:00 of Aal3, which nothing lifts", options =>
            {
                Aal3(options);
                (options.AbsoluteTimeout, options.TimeoutJustification) = (new TimeSpan(12, 0, 1), "because");
            } },
        { "IdleTimeout is 00:30:00, above the 00:15:00 of Aal3", options =>
            {
                Aal3(options);
                options.IdleTimeout = TimeSpan.FromMinutes(30);
            } },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    [Requirement("TO-01", "TO-02", "JWT-01", "JWT-13")]
    public void A_broken_rule_is_named_with_its_value(string message, Action<HoldfastOptions> breakIt)
    {
        var options = new HoldfastOptions { Environment = "test" };
        breakIt(options);
        Assert.Contains(options.Validate(), rule => rule.StartsWith(message, StringComparison.Ordinal));
    }

    [Fact]
    [Requirement("TO-02")]
    public void The_defaults_break_nothing_and_a_ceiling_may_be_exceeded_for_a_recorded_reason()
    {
        var options = new HoldfastOptions { Environment = "test" };
        Assert.Empty(options.Validate());
        options.AssuranceProfile = AssuranceProfile.Aal2;
        Assert.NotEmpty(options.Validate());
        options.TimeoutJustification = "Refresh tokens are bound to devices; risk accepted 2026-03.";
        Assert.Empty(options.Validate());
    }

    [Theory]
    [InlineData("c2hvcnQ=", "5 bytes")]
    [InlineData("not base64!", "not base64")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "repeats")]
    [InlineData("", "0 bytes")]
    [Requirement("CR-03")]
    public void A_weak_master_secret_is_refused_and_not_repeated(string secret, string said)
    {
        var refused = Assert.Throws<HoldfastConfigurationException>(() => new MasterKeys(secret, "test", "https://holdfast.test"));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Contains("openssl rand -base64 32", refused.Message, StringComparison.Ordinal);
        Assert.True(secret.Length == 0 || !refused.Message.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    [Requirement("CR-05")]
    public void Each_purpose_environment_and_issuer_has_keys_of_its_own()
    {
        var secret = Engine.NewSecret();
        DerivedKeys[] all =
        [
            new MasterKeys(secret, "test", "https://holdfast.test").Active, new MasterKeys(secret, "live", "https://holdfast.test").Active,
            new MasterKeys(secret, "test", "https://other.test").Active, new MasterKeys(secret, "testh", "ttps://holdfast.test").Active,
        ];
        var keys = all.SelectMany(one => new[] { one.CookieRenewal, one.RefreshRotation, one.RefreshMac, one.Csrf, one.PreSession, one.SigningKeyEncryption, one.Fingerprint, one.LogCorrelation });
        Assert.Equal(32, keys.Select(Convert.ToHexString).Distinct().Count());
    }

    private static void Aal3(HoldfastOptions options)
    {
        options.AssuranceProfile = AssuranceProfile.Aal3;
        (options.IdleTimeout, options.RememberedIdleTimeout, options.RefreshIdleTimeout) = (TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(15));
        (options.AbsoluteTimeout, options.RememberedAbsoluteTimeout, options.RefreshAbsoluteTimeout) = (TimeSpan.FromHours(12), TimeSpan.FromHours(12), TimeSpan.FromHours(12));
    }
}
