using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Holdfast.Server.Applications;

namespace Holdfast.Server.Commands;

/// <summary><c>holdfast apps</c>: the applications that may call the server.</summary>
internal static class AppsCommands
{
    private static readonly Argument<string> Id = new("id") { Description = "the application's id, which is its client_id" };

    public static Command Build() => new("apps", "The applications that may call the server.") { Add(), List(), RotateKey(), NewKey() };

    private static Command Add()
    {
        var tenant = new Option<string>("--tenant") { Description = "the isolation unit of its sessions", DefaultValueFactory = _ => SessionPolicy.DefaultTenant };
        var audience = new Option<string?>("--audience") { Description = "whom its access tokens are for (default: the issuer)" };
        var scopes = Many("--scope", $"what it may do: {string.Join(", ", ApplicationScopes.All)} (default: all but admin)");
        var transports = Many("--transport", $"how its sessions' credentials may travel: {string.Join(", ", Transports.All)} (default: any)");
        var origins = Many("--origin", "an origin of its own, behind which this server's /auth lies: https://shop.example");
        var allowed = Many("--allowed-origin", "an origin whose pages may call the OAuth endpoints");
        var settings = Many("--set", $"a setting of its own: IdleTimeout=00:15:00 ({string.Join(", ", ApplicationPolicy.Settings)})");
        var jwks = new Option<FileInfo?>("--jwks") { Description = "a file with its public keys (a JWK set), for private_key_jwt" };
        var isPublic = new Option<bool>("--public") { Description = "its own clients (a browser, a phone) refresh and revoke without a secret" };
        var command = new Command("add", "Add an application. Its API key is shown this once.") { Id, tenant, audience, scopes, transports, origins, allowed, settings, jwks, isPublic, Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: true, cancellationToken);
            var key = ApiKey.New();
            var application = new Application
            {
                Id = parsed.GetRequiredValue(Id),
                Tenant = parsed.GetRequiredValue(tenant),
                Audience = parsed.GetValue(audience) ?? engine.Service<HoldfastOptions>().EffectiveAudience,
                Scopes = Given(parsed, scopes, ApplicationScopes.Default),
                Transports = Given(parsed, transports, Transports.All),
                Origins = Given(parsed, origins, []),
                AllowedOrigins = Given(parsed, allowed, []),
                Policy = PolicyOf(parsed.GetValue(settings) ?? []),
                Jwks = parsed.GetValue(jwks) is { } file ? ReadKeys(file) : null,
                Public = parsed.GetValue(isPublic),
                Keys = [new ApplicationKey(key.Digest, engine.Now)],
                CreatedAt = engine.Now,
            };
            await engine.Applications.UpdateAsync(
                applications => applications.Any(known => known.Id == application.Id)
                    ? throw new CommandFailedException($"There is an application '{application.Id}' already. 'holdfast apps rotate-key {application.Id}' makes a new key for it.")
                    : applications.Add(application),
                cancellationToken);
            Show(parsed, application, key);
            return CommandLine.Done;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the applications.") { Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var applications = await engine.Applications.ListAsync(cancellationToken);
            if (parsed.GetValue(Settings.Json))
            {
                // Digests open nothing, and are nobody's business all the same.
                Report.Json(parsed, applications.Select(one => new
                {
                    one.Id, one.Tenant, one.Audience, one.Scopes, one.Transports, one.Policy, one.Origins, one.AllowedOrigins, one.Public, one.Jwks,
                    Keys = one.Keys.Select(key => new { key.CreatedAt }), one.CreatedAt,
                }));
                return CommandLine.Done;
            }

            Report.Table(
                parsed,
                ["ID", "TENANT", "AUDIENCE", "SCOPES", "KEYS SINCE"],
                applications.Select(one => new[] { one.Id, one.Tenant, one.Audience, string.Join(' ', one.Scopes), string.Join(", ", one.Keys.Select(key => Report.Time(key.CreatedAt))) }));
            return CommandLine.Done;
        });
        return command;
    }

    private static Command RotateKey()
    {
        var dropOld = new Option<bool>("--drop-old") { Description = "end the other keys now; without it the newest of them goes on until the next rotation" };
        var command = new Command("rotate-key", "Give an application a new API key, shown this once. At most two are live at a time.") { Id, dropOld, Settings.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var engine = await Engine.OpenAsync(parsed, mayCreate: false, cancellationToken);
            var (id, key) = (parsed.GetRequiredValue(Id), ApiKey.New());
            Application? rotated = null;
            await engine.Applications.UpdateAsync(
                applications =>
                {
                    var existing = applications.FirstOrDefault(known => known.Id == id)
                        ?? throw new CommandFailedException($"There is no application '{id}'. 'holdfast apps list' shows them.");
                    rotated = ApplicationKeys.Rotated(existing, key, engine.Now, parsed.GetValue(dropOld));
                    return applications.Replace(existing, rotated);
                },
                cancellationToken);
            Show(parsed, rotated!, key);
            return CommandLine.Done;
        });
        return command;
    }

    private static Command NewKey()
    {
        var command = new Command("new-key", $"Print a fresh API key and keep nothing of it: for {FirstApplication.Variable}.");
        command.SetAction(parsed => Report.Line(parsed, ApiKey.New().Reveal()));
        return command;
    }

    private static void Show(ParseResult parsed, Application application, ApiKey key)
    {
        if (parsed.GetValue(Settings.Json))
        {
            Report.Json(parsed, new { application.Id, application.Tenant, application.Audience, application.Scopes, ApiKey = key.Reveal() });
            return;
        }

        Report.Line(parsed, $"{application.Id}, tenant {application.Tenant}, may {string.Join(", ", application.Scopes)}");
        Report.Line(parsed, $"API key, shown this once:  {key.Reveal()}");
        if (application.Keys.Length > 1)
        {
            Report.Line(parsed, $"The key before it goes on working until the next rotation, or --drop-old. A dropped one ends within {ApplicationDirectory.FreshFor.TotalSeconds:0} s on every node.");
        }
    }

    private static Option<string[]> Many(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true };

    private static ImmutableArray<string> Given(ParseResult parsed, Option<string[]> option, ImmutableArray<string> otherwise) =>
        parsed.GetValue(option) is { Length: > 0 } given ? [.. given.Distinct()] : otherwise;

    private static ImmutableSortedDictionary<string, string> PolicyOf(string[] settings)
    {
        var policy = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var setting in settings)
        {
            policy[setting.Split('=', 2)[0]] = setting.Split('=', 2) is [_, var value]
                ? value : throw new HoldfastConfigurationException($"--set takes Name=Value; '{setting}' has no value.");
        }

        return policy.ToImmutable();
    }

    private static JsonElement ReadKeys(FileInfo file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            return document.RootElement.Clone();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new HoldfastConfigurationException($"--jwks: {file.FullName} cannot be read as JSON. {exception.Message}");
        }
    }
}
