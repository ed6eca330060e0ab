using Holdfast;
using Holdfast.Sqlite;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Chooses SQLite.</summary>
public static class HoldfastSqliteExtensions
{
    /// <summary>
    /// Keeps sessions in one SQLite file. Without a <c>MasterSecret</c> one is created beside it, in <c>&lt;path&gt;.secret</c>.
    /// </summary>
    /// <param name="builder">The installation.</param>
    /// <param name="path">Where the file is, or shall be: on a local disk.</param>
    public static HoldfastBuilder UseSqlite(this HoldfastBuilder builder, string path) => builder.UseStore(
        provider => SqliteSessionStore.Open(path, provider.GetRequiredService<TimeProvider>()),
        () => SqliteMasterSecret.ReadOrCreate(path));
}
