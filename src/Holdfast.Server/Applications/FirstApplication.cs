namespace Holdfast.Server.Applications;

/// <summary>
/// The application that a new server has: its key is what <c>HOLDFAST_API_KEY</c> says. Without that, the embedded stores make one at
/// their first start and show it once: on a terminal, or in a file that only its owner may read. Never in a log.
/// </summary>
internal sealed class FirstApplication(
    ApplicationDirectory directory, ServerOptions server, HoldfastOptions options, TimeProvider clock, IConfiguration configuration) : IHostedLifecycleService
{
    public const string Id = "default";

    /// <summary>The variable that sets its key.</summary>
    public const string Variable = "HOLDFAST_API_KEY";

    /// <summary>Where a new key is shown; tests look over its shoulder.</summary>
    public Action<string> Show { get; set; } = Console.WriteLine;

    /// <summary>Whether somebody is looking.</summary>
    public bool IsTerminal { get; set; } = !Console.IsOutputRedirected;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (configuration[Variable] is { Length: > 0 } given)
        {
            var key = ApiKey.Parse(given) ?? throw new HoldfastConfigurationException(
                $"{Variable} is not an API key: hfk_ and 48 characters, the last of them a checksum. 'holdfast apps new-key' makes one. (Its text is not repeated here.)");
            await EnsureAsync(key, cancellationToken);
        }
        else if (server.IsEmbedded && (await directory.ListAsync(cancellationToken)).IsEmpty)
        {
            var key = ApiKey.New();
            await EnsureAsync(key, cancellationToken);
            Tell(key);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Task EnsureAsync(ApiKey key, CancellationToken cancellationToken) => directory.UpdateAsync(
        applications =>
        {
            var now = clock.GetUtcNow();
            if (applications.FirstOrDefault(one => one.Id == Id) is not { } existing)
            {
                return applications.Add(new Application
                {
                    Id = Id,
                    Tenant = SessionPolicy.DefaultTenant,
                    Audience = options.EffectiveAudience,
                    Scopes = ApplicationScopes.All,
                    Keys = [new ApplicationKey(key.Digest, now)],
                    CreatedAt = now,
                });
            }

            return existing.Keys.Any(known => known.Digest == key.Digest)
                ? null : applications.Replace(existing, ApplicationKeys.Rotated(existing, key, now, dropOthers: false));
        },
        cancellationToken);

    private void Tell(ApiKey key)
    {
        if (IsTerminal)
        {
            Show($"\n  The API key of the first application, shown this once:\n\n    {key.Reveal()}\n");
            return;
        }

        var path = server.KeyFile;
        var file = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // What lies there may have been readable by others: a mode is given to new files alone.
        File.Delete(path);
        using (var writer = new StreamWriter(path, file))
        {
            writer.WriteLine(key.Reveal());
        }

        Show($"The API key of the first application is in {path}, which only you may read.");
    }
}

/// <summary>The keys of an application over time.</summary>
internal static class ApplicationKeys
{
    /// <summary>How many are live at a time: the new one, and the one that callers still use.</summary>
    public const int Max = 2;

    /// <summary>The application with a new key first.</summary>
    public static Application Rotated(Application application, ApiKey key, DateTimeOffset now, bool dropOthers) => application with
    {
        Keys = [new ApplicationKey(key.Digest, now), .. application.Keys.Take(dropOthers ? 0 : Max - 1)],
    };
}
