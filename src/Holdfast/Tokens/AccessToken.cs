using System.Collections.Immutable;

namespace Holdfast.Tokens;

/// <summary>A signed access token on its way to its holder.</summary>
/// <param name="Text">The JWT.</param>
/// <param name="Lifetime">How long it lives from now.</param>
/// <param name="ExpiresAt">When it dies: never after its session.</param>
public sealed record AccessToken(CredentialText Text, TimeSpan Lifetime, DateTimeOffset ExpiresAt);

/// <summary>What a verified access token says. Nothing of it was read before its signature held.</summary>
/// <param name="Handle">Its session.</param>
/// <param name="Tenant">Its tenant.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Epoch">The epoch that the session carried.</param>
/// <param name="CredentialVersion">The session's credential version.</param>
/// <param name="Generation">The refresh generation that it was minted with; 0 without refresh tokens.</param>
/// <param name="ExpiresAt">When it dies.</param>
/// <param name="Assurance">How, and when, the subject proved who they are.</param>
/// <param name="Claims">The configured claims.</param>
/// <param name="Audience">Whom it is for.</param>
/// <param name="Client">The application that it was issued to.</param>
/// <param name="Id">Its own id.</param>
/// <param name="IssuedAt">When it was made.</param>
public sealed record AccessTokenFacts(
    SessionHandle Handle,
    string Tenant,
    string Subject,
    long Epoch,
    int CredentialVersion,
    int Generation,
    DateTimeOffset ExpiresAt,
    Assurance Assurance,
    ImmutableArray<SessionClaim> Claims,
    string Audience,
    string Client,
    string Id,
    DateTimeOffset IssuedAt);

/// <summary>What is wrong with an access token.</summary>
public enum AccessTokenFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It is malformed, not signed by us, or for somebody else.</summary>
    Invalid = 1,

    /// <summary>It is genuine, and its time is over.</summary>
    Expired = 2,
}

/// <summary>The answer to a presented access token, before its session is looked at.</summary>
/// <param name="Fault">What is wrong with it.</param>
/// <param name="Facts">What it says; null if anything is wrong.</param>
public readonly record struct AccessTokenCheck(AccessTokenFault Fault, AccessTokenFacts? Facts)
{
    internal VerifiedToken? Verified { get; init; }
}
