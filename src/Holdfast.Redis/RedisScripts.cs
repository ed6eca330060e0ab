namespace Holdfast.Redis;

/// <summary>The scripts: each verb of the store is one of them, on one slot, so that Redis runs it as one step.</summary>
internal static class RedisScripts
{
    public static string Find { get; } = WithPrelude("find");

    public static string ReadSubject { get; } = WithPrelude("read_subject");

    public static string Create { get; } = WithPrelude("create");

    public static string Replace { get; } = WithPrelude("replace");

    public static string Touch { get; } = WithPrelude("touch");

    public static string EndAll { get; } = WithPrelude("end_all");

    public static string List { get; } = WithPrelude("list");

    public static string ReadData { get; } = WithPrelude("read_data");

    public static string WriteData { get; } = WithPrelude("write_data");

    public static string Purge { get; } = WithPrelude("purge");

    public static string Pull { get; } = WithPrelude("pull");

    public static string Restore { get; } = WithPrelude("restore");

    public static string Spend { get; } = WithPrelude("spend");

    public static string WriteDocument { get; } = Read("write_document");

    private static string WithPrelude(string name) => Read("prelude") + Read(name);

    private static string Read(string name)
    {
        using var stream = typeof(RedisScripts).Assembly.GetManifestResourceStream($"Holdfast.Redis.Scripts.{name}.lua")
            ?? throw new InvalidOperationException($"The script {name} is missing from this build.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
