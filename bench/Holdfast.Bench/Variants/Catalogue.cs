namespace Holdfast.Bench.Variants;

/// <summary>Everything that is measured, in the order of the tables.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Variant> All { get; } =
    [
        Stock.Bare, HandMade.Cookie, HandMade.Token, Holdfasts.Cookie, Holdfasts.Token, Holdfasts.Chain, Holdfasts.ChainToken, Holdfasts.Authorized,
        Holdfasts.ChainAuthorized, HandMade.Many, Holdfasts.Many, Stock.Cookie, Stock.CookieAuthorized, Stock.CookieInRedis, Stock.JwtHs256, Stock.JwtEs256,
        Stock.Session, Stock.SessionInRedis, Stock.Antiforgery,
    ];

    public static IEnumerable<Variant> InProcess => All.Where(variant => variant is { InProcess: true, NeedsRedis: false });

    public static IEnumerable<Variant> OverHttp => All.Where(variant => variant.OverHttp);

    public static Variant Find(string id) => All.Concat(Anatomy.All).FirstOrDefault(variant => variant.Id == id)
        ?? throw new ArgumentException($"There is no variant '{id}': {string.Join(", ", All.Select(variant => variant.Id))}.", nameof(id));
}
