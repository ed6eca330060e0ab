using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Holdfast.AspNetCore;
using Holdfast.AspNetCore.Endpoints;
using Holdfast.Protocol;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Api;

/// <summary>From a proof that the application has checked to a session, and to a session that proves more.</summary>
internal static class CreatingApi
{
    private const int MaxAcrLength = 256;
    private const int MaxMethods = 16;
    private const int MaxPathLength = 256;

    public static async Task CreateAsync(HttpContext context, SessionManager manager, HoldfastOptions options, HoldfastWebOptions web)
    {
        if (await ApiBody.ReadAsync<CreateSessionRequest>(context) is not { } request)
        {
            return;
        }

        var application = CallingApplication.Of(context);
        if (request.Tenant is { } tenant && tenant != application.Terms.Tenant)
        {
            await Problems.WriteAsync(context, Reasons.InsufficientScope, $"tenant is not '{application.Terms.Tenant}', which the application '{application.Id}' belongs to.");
            return;
        }

        if (Complaint(request, application) is { } complaint)
        {
            await ApiBody.RefuseAsync(context, complaint);
            return;
        }

        var data = (request.Data ?? ImmutableDictionary<string, JsonElement>.Empty)
            .ToImmutableDictionary(field => field.Key, field => (ReadOnlyMemory<byte>)DataApi.BytesOf(field.Value));
        if (data.Sum(field => (long)System.Text.Encoding.UTF8.GetByteCount(field.Key) + field.Value.Length) > options.MaxDataBytes)
        {
            await Problems.WriteAsync(context, Reasons.DataTooLarge, "data is larger than a session may keep.", nameof(options.MaxDataBytes));
            return;
        }

        var signIn = new SignIn
        {
            Terms = application.Terms,
            Subject = request.Subject!,
            Transport = Transports.Parse(request.Transport ?? Transports.All[0])!.Value,
            Remembered = request.Remember ?? false,
            Claims = ApiRecords.ClaimsOf(request),
            Data = data,
            Acr = request.Acr,
            Amr = [.. request.Amr ?? []],
            Device = ApiRecords.DeviceOf(request.Device, web),
            Replaces = SessionHandle.TryParse(request.Replaces, out var replaced) ? replaced : null,
        };
        try
        {
            var result = await manager.SignInAsync(signIn, CallingApplication.CallerOf(context, request.Device), context.RequestAborted);
            if (result.Session is not { } session)
            {
                await Problems.WriteAsync(
                    context, Reasons.Conflict, new SignInRefusedException(result.Status).Message,
                    result.Status == SignInStatus.LimitReached ? nameof(HoldfastOptions.MaxSessionsPerSubject) : null);
                return;
            }

            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.Location = $"{context.Request.PathBase}/v1/sessions/{session.Handle}";
            await Answers.WriteAsync(context, ApiRecords.Of(context, session, result.Credentials!, session.CreatedAt, request.AuthPath));
        }
        catch (ArgumentException exception)
        {
            await ApiBody.RefuseAsync(context, exception);
        }
    }

    public static async Task ElevateAsync(HttpContext context, string sid, SessionManager manager, ApplicationDirectory directory)
    {
        if (await ApiBody.ReadAsync<ElevateRequest>(context) is not { } request)
        {
            return;
        }

        if ((ProofComplaint(request.Acr, request.Amr) ?? PathComplaint(request.AuthPath)) is { } complaint)
        {
            await ApiBody.RefuseAsync(context, complaint);
            return;
        }

        if (await SessionsApi.FindAsync(context, sid, manager) is not { Subject: not null } session)
        {
            await SessionsApi.NotFoundAsync(context);
            return;
        }

        // Its tokens stay those of the application that started it, whoever of the same tenant has seen the proof.
        var terms = session.Client is { } client && await directory.FindByIdAsync(client, context.RequestAborted) is { } owner
            ? owner.Terms : context.RequestServices.GetRequiredService<SessionTerms>();
        var proof = new StepUp(request.Acr, [.. request.Amr ?? []]);
        var result = await manager.StepUpAsync(session.Handle, proof, terms, CallingApplication.CallerOf(context, null), context.RequestAborted);
        if (result.Session is not { } elevated)
        {
            await SessionsApi.NotFoundAsync(context);
            return;
        }

        await Answers.WriteAsync(context, ApiRecords.Of(context, elevated, result.Credentials!, result.Now, request.AuthPath));
    }

    private static string? Complaint(CreateSessionRequest request, KnownApplication application)
    {
        if (request.Subject is not { Length: > 0 and <= SessionPolicy.MaxNameLength })
        {
            return $"subject is the id of the user: a string of 1 to {SessionPolicy.MaxNameLength} characters.";
        }

        if (request.Transport is { } transport && !application.Application.Transports.Contains(transport))
        {
            return $"transport is '{Auditing.SessionEvents.OneLine(transport)}'. The application '{application.Id}' may use {string.Join(", ", application.Application.Transports)}.";
        }

        if (request.Transport is null && !application.Application.Transports.Contains(Transports.All[0]))
        {
            return $"transport is missing. The application '{application.Id}' may use {string.Join(", ", application.Application.Transports)}.";
        }

        if (request.Replaces is { } replaced && !SessionHandle.TryParse(replaced, out _))
        {
            return "replaces is the sid of a session: 22 base64url characters.";
        }

        return DeviceComplaint(request.Device) ?? ProofComplaint(request.Acr, request.Amr) ?? PathComplaint(request.AuthPath);
    }

    // It becomes an attribute of a cookie, and must not begin another one.
    public static string? PathComplaint(string? authPath) =>
        authPath is null || (authPath is ['/', ..] and { Length: <= MaxPathLength } && authPath.All(letter => letter is > ' ' and <= '~' and not ';'))
            ? null : $"auth_path begins with '/' and has at most {MaxPathLength} printable ASCII characters without spaces and ';'.";

    public static string? DeviceComplaint(DeviceRequest? device) =>
        device?.Ip is { } ip && !IPAddress.TryParse(ip, out _) ? "device.ip is not a network address." : null;

    private static string? ProofComplaint(string? acr, IReadOnlyList<string>? amr) =>
        acr is { Length: 0 or > MaxAcrLength } ? $"acr has 1 to {MaxAcrLength} characters."
        : amr is { Count: > MaxMethods } || amr?.Any(method => method.Length is 0 or > 64) == true ? $"amr holds at most {MaxMethods} methods of 1 to 64 characters."
        : null;
}
