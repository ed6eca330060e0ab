namespace Holdfast.Compatibility.Tests.Backends;

/// <summary>The sample application on one framework.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Program">What to start; the settings come by the environment, as <see cref="Deployment"/> writes it.</param>
internal sealed record Backend(string Name, params string[] Program)
{
    /// <summary>Every backend that the suite proves. A further one is one more line.</summary>
    public static IReadOnlyList<Backend> All { get; } =
    [
        new("ASP.NET Core", "dotnet", Path.Combine(AppContext.BaseDirectory, "Notes.dll")),
    ];

    /// <summary>Where the repository lies.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));
}
