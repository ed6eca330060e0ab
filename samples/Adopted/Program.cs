using Adopted;

// Applications as they are written every day, each put on Holdfast by a handful of lines: docs/adopt.md shows which.
//   dotnet run --project samples/Adopted -- razor|mvc|bearer|chat|blazor|oidc
var settings = new AdoptedSettings(
    Environment.GetEnvironmentVariable("URL") ?? "http://localhost:5080",
    Environment.GetEnvironmentVariable("DATA") ?? Path.Combine(Path.GetTempPath(), "holdfast-adopted"))
{
    Authority = Environment.GetEnvironmentVariable("OIDC_AUTHORITY") ?? "http://localhost:5090",
};
var create = AdoptedApps.Find(args.FirstOrDefault());
if (create is null)
{
    Console.Error.WriteLine($"Name one of {string.Join(", ", AdoptedApps.Names)}.");
    return 2;
}

await using var app = await create(settings, null);
Console.WriteLine($"{args[0]} listens on {settings.Address}; sign in as {DemoUser.Name} with {DemoUser.Password}");
await app.RunAsync();
return 0;
