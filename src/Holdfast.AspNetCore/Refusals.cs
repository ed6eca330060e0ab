using Holdfast.Protocol;

namespace Holdfast.AspNetCore;

/// <summary>The engine's refusals in the words of the protocol.</summary>
internal static class Refusals
{
    /// <summary>The reason code; a request without any credential is <c>session_missing</c>.</summary>
    public static string Reason(Refusal refusal) => refusal switch
    {
        Refusal.Expired => Reasons.SessionExpired,
        Refusal.Revoked => Reasons.SessionRevoked,
        Refusal.TokenInvalid => Reasons.TokenInvalid,
        Refusal.TokenExpired => Reasons.TokenExpired,
        Refusal.TokenReused => Reasons.TokenReused,
        _ => Reasons.SessionMissing,
    };
}
