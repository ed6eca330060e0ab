using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Auditing;
using Holdfast.Data;
using Holdfast.Tokens;

namespace Holdfast;

/// <summary>A further proof, or the same once more, that the application has checked.</summary>
/// <param name="Acr">The assurance level reached; null keeps the sign-in's.</param>
/// <param name="Amr">The methods used (RFC 8176), such as <c>pwd</c> or <c>otp</c>; empty keeps the sign-in's.</param>
public sealed record StepUp(string? Acr, ImmutableArray<string> Amr);

/// <summary>The answer to a step-up.</summary>
/// <param name="Session">The elevated session; null if it does not live any more.</param>
/// <param name="Credentials">What its holder receives: a new cookie, or a new access token beside the refresh token that it has.</param>
/// <param name="Now">The store's time.</param>
public sealed record StepUpResult(Session? Session, Credentials? Credentials, DateTimeOffset Now);

public sealed partial class SessionManager
{
    /// <summary>How long an approval of one operation waits to be used.</summary>
    public static readonly TimeSpan ApprovalLifetime = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Raises a session to what was just proven, until <see cref="HoldfastOptions.ElevationLifetime"/> is over. Its handle stays; its cookie's
    /// secret is drawn anew, and older access and CSRF tokens die. An older cookie is worth only the sign-in, and nothing as soon as the new
    /// one has been used.
    /// </summary>
    /// <param name="handle">The session.</param>
    /// <param name="proof">What was proven.</param>
    /// <param name="terms">The terms of the application that started it.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<StepUpResult> StepUpAsync(
        SessionHandle handle, StepUp proof, SessionTerms terms, Caller caller, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (session, now) = await store.FindAsync(handle, cancellationToken);
            if (session is not { Subject: not null } || SessionPolicy.Judge(session, now) != SessionState.Live)
            {
                return new StepUpResult(null, null, now);
            }

            var cookie = session.Cookie is null ? null : SessionCookie.New(keys, handle);
            var amr = proof.Amr.IsDefaultOrEmpty ? session.Assurance.Amr : proof.Amr;
            var next = session with
            {
                Version = session.Version + 1,
                CredentialVersion = session.CredentialVersion + 1,
                Elevation = new Elevation(new Assurance(now, proof.Acr ?? session.Assurance.Acr, amr), now + options.ElevationLifetime),
                Cookie = cookie is null ? null : CookieRenewal.SteppedUp(session.Cookie!, cookie, now),
            };
            if (!await ReplaceAsync(next, session, cancellationToken))
            {
                continue;
            }

            await RecordAsync(SessionEventType.SteppedUp, next, caller);
            return new StepUpResult(next, cookie is not null
                ? new Credentials { Cookie = cookie.ToText() }
                : new Credentials { AccessToken = await keyRing.IssueAsync(next, terms.Audience, now, cancellationToken) }, now);
        }
    }

    /// <summary>
    /// Notes that the user gave a further proof for one operation: <see cref="TakeApprovalAsync"/> will find it once, within
    /// <see cref="ApprovalLifetime"/>, in this session alone. False if the session does not live.
    /// </summary>
    /// <param name="handle">The session.</param>
    /// <param name="operation">
    /// Everything that the user approved, spelled out: <c>transfer|to=DE02...|amount=100.00 EUR</c>. Another text is another operation.
    /// </param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<bool> ApproveAsync(SessionHandle handle, string operation, Caller caller, CancellationToken cancellationToken)
    {
        var (session, now) = await store.FindAsync(handle, cancellationToken);
        if (session is not { Subject: not null } || SessionPolicy.Judge(session, now) != SessionState.Live)
        {
            return false;
        }

        var until = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(until, (now + ApprovalLifetime).ToUnixTimeMilliseconds());
        var status = await store.WriteDataAsync(handle, [new DataChange(ApprovalField(operation), until)], options.MaxDataBytes, cancellationToken);
        if (status == DataWriteStatus.Written)
        {
            await RecordAsync(SessionEventType.OperationApproved, session, caller);
        }

        return status == DataWriteStatus.Written;
    }

    /// <summary>
    /// Uses an approval up. True for one caller only, however many ask at once; false if there is none, it was for another operation, or
    /// its time is over.
    /// </summary>
    public async ValueTask<bool> TakeApprovalAsync(SessionHandle handle, string operation, CancellationToken cancellationToken)
    {
        var field = ApprovalField(operation);
        var (session, now) = await store.FindAsync(handle, cancellationToken);
        if (session is null || await store.ReadDataAsync(handle, cancellationToken) is not { } data || !data.Fields.TryGetValue(field, out var approval))
        {
            return false;
        }

        var taken = await store.WriteDataAsync(handle, [new DataChange(field, null, approval.Version)], options.MaxDataBytes, cancellationToken);
        return taken == DataWriteStatus.Written && now.ToUnixTimeMilliseconds() < BinaryPrimitives.ReadInt64BigEndian(approval.Value.Span);
    }

    private static string ApprovalField(string operation) =>
        $"{DataChange.ReservedPrefix}approval.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(operation)))}";
}
