namespace Holdfast.Compatibility.Tests.Backends;

/// <summary>The sample application on one framework.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Program">What to start; the settings come by the environment, as <see cref="Deployment"/> writes it.</param>
internal sealed record Backend(string Name, params string[] Program)
{
    /// <summary>Where the repository lies. Programs start there.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    /// <summary>Every backend that the suite proves. A further one is one more line.</summary>
    public static IReadOnlyList<Backend> All { get; } =
    [
        new("ASP.NET Core", "dotnet", Path.Combine(AppContext.BaseDirectory, "Notes.dll")),
        new("Express", "node", "samples/express/server.js"),
        new("Flask", "env", "PYTHONPATH=clients/flask", "/usr/bin/python3", "samples/flask/app.py"),
    ];
}
