namespace SharedNotes;

/// <summary>
/// The store of the server beside this application, by the same settings (<c>Holdfast__Store</c>, <c>Holdfast__ConnectionString</c>). The two share
/// sessions if they also agree on <c>Holdfast__Issuer</c>, <c>Holdfast__Environment</c> and, on Redis, <c>Holdfast__MasterSecret</c>.
/// </summary>
internal static class Store
{
    public static Holdfast.HoldfastBuilder UseStoreOf(this Holdfast.HoldfastBuilder builder, IConfiguration configuration)
    {
        var connection = configuration["Holdfast:ConnectionString"];
        return configuration["Holdfast:Store"] switch
        {
            "redis" => builder.UseRedis(connection ?? throw new InvalidOperationException("Holdfast:ConnectionString is missing: host:port of the server's Redis.")),
            "sqlite" or null or "" => builder.UseSqlite(connection ?? "holdfast.db"),
            var other => throw new InvalidOperationException($"Holdfast:Store is '{other}': sqlite or redis, whichever the server beside this application uses."),
        };
    }
}
