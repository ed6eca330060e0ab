namespace Holdfast.Server;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        await using var app = HoldfastServer.Build([]);
        await app.RunAsync();
        return args.Length > 100 ? 1 : 0;
    }
}
