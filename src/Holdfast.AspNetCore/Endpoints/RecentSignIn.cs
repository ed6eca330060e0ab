using Holdfast.Protocol;
using Microsoft.AspNetCore.Http;

namespace Holdfast.AspNetCore.Endpoints;

/// <summary>Ending other devices needs a sign-in that is recent, so that an unattended screen cannot lock its user out.</summary>
internal static class RecentSignIn
{
    /// <summary>True if it is recent; otherwise the challenge of RFC 9470, section 3, has been written.</summary>
    public static async ValueTask<bool> EnsureAsync(HttpContext context, Session session, DateTimeOffset now, HoldfastOptions options)
    {
        var age = now - session.Assurance.AuthTime;
        if (age >= TimeSpan.Zero && age <= options.RecentSignIn)
        {
            return true;
        }

        await Problems.WriteAsync(
            context, Reasons.ReauthenticationRequired, $"Sign in again: the last sign-in is more than {options.RecentSignIn.TotalMinutes:0} minutes old.", nameof(options.RecentSignIn));
        return false;
    }
}
