using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.AspNetCore;

namespace Holdfast.Server.Applications;

/// <summary>A calling application, as the store keeps it. It is an OAuth client, too.</summary>
internal sealed record Application
{
    /// <summary>Its id, and <c>client_id</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The isolation unit: its sessions are those of this tenant alone.</summary>
    public required string Tenant { get; init; }

    /// <summary>Whom its access tokens are for; the only audience that it accepts.</summary>
    public required string Audience { get; init; }

    /// <summary>What it may do.</summary>
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>Its API keys, the newest first: at most two, so that one can be rotated out.</summary>
    public required ImmutableArray<ApplicationKey> Keys { get; init; }

    /// <summary>The transports that its sessions may use.</summary>
    public ImmutableArray<string> Transports { get; init; } = Applications.Transports.All;

    /// <summary>Settings that differ for its sessions, by the name of the setting: <c>IdleTimeout</c>.</summary>
    public ImmutableSortedDictionary<string, string> Policy { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Its own origins, behind which <c>/auth/*</c> of this server lies.</summary>
    public ImmutableArray<string> Origins { get; init; } = [];

    /// <summary>Origins whose pages may call the OAuth endpoints.</summary>
    public ImmutableArray<string> AllowedOrigins { get; init; } = [];

    /// <summary>Whether its own clients (a browser, a phone), which can keep no secret, may refresh and revoke by the token alone.</summary>
    public bool Public { get; init; }

    /// <summary>The public keys of <c>private_key_jwt</c>, as a JWK set.</summary>
    public JsonElement? Jwks { get; init; }

    /// <summary>When it was added.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What this application breaks of the rules; empty if nothing.</summary>
    public IEnumerable<string> Validate(HoldfastOptions options)
    {
        if (Id.Length is 0 or > 64 || Id.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.')))
        {
            yield return $"The id is '{Id}': 1 to 64 letters, digits, '-', '_' or '.'.";
        }

        if (Tenant.Length is 0 or > SessionPolicy.MaxNameLength)
        {
            yield return $"The tenant has {Tenant.Length} characters: 1 to {SessionPolicy.MaxNameLength}.";
        }

        if (Audience.Length is 0 or > SessionPolicy.MaxNameLength)
        {
            yield return $"The audience has {Audience.Length} characters: 1 to {SessionPolicy.MaxNameLength}.";
        }

        string[] broken =
        [
            .. Unknown("scope", Scopes, ApplicationScopes.All),
            .. Unknown("transport", Transports, Applications.Transports.All),
            .. Origins.Concat(AllowedOrigins).Where(origin => !AspNetCore.Csrf.Origins.IsExact(origin))
                .Select(origin => $"The origin is '{origin}': exactly scheme://host[:port], https unless on loopback, without path, query or wildcard."),
            .. ApplicationPolicy.Validate(Policy, options),
            .. ClientKeys.Validate(Jwks),
        ];
        foreach (var rule in broken)
        {
            yield return rule;
        }
    }

    private static IEnumerable<string> Unknown(string what, ImmutableArray<string> given, ImmutableArray<string> known) => given.IsEmpty
        ? [$"It has no {what}: {string.Join(", ", known)}."]
        : given.Except(known).Select(one => $"The {what} is '{one}': one of {string.Join(", ", known)}.");
}

/// <summary>What is kept of an API key.</summary>
/// <param name="Digest">SHA-256 in hexadecimal.</param>
/// <param name="CreatedAt">When it was made.</param>
internal sealed record ApplicationKey(string Digest, DateTimeOffset CreatedAt);

/// <summary>What applications may do.</summary>
internal static class ApplicationScopes
{
    public const string Create = "sessions:create";
    public const string Read = "sessions:read";
    public const string End = "sessions:end";
    public const string Admin = "admin";

    public static ImmutableArray<string> All { get; } = [Create, Read, End, Admin];

    /// <summary>Of an application that was added without any: everything about its own users, and no view over all of them.</summary>
    public static ImmutableArray<string> Default { get; } = [Create, Read, End];
}

/// <summary>The transports by their names on the wire.</summary>
internal static class Transports
{
    public static ImmutableArray<string> All { get; } = ["cookie", "tokens", "token-cookies"];

    public static string Name(SessionTransport transport) => All[(int)transport];

    public static SessionTransport? Parse(string name) => All.IndexOf(name) is var index and >= 0 ? (SessionTransport)index : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImmutableArray<Application>))]
internal sealed partial class ApplicationJson : JsonSerializerContext;
