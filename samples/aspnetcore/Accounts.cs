using System.Security.Claims;
using System.Text.RegularExpressions;

namespace SharedNotes;

/// <summary>
/// The accounts of the demonstration: Ada, Grace, and each of their sub-addresses (ada+phone@example.org). A real application asks its own,
/// with hashed passwords.
/// </summary>
internal sealed partial record Account(string Subject, string Name)
{
    private const string Password = "Correct-horse-1";

    public static Account? Find(string? email) => Address().Match(email ?? "") is { Success: true } match
        ? new Account(match.Groups["subject"].Value, match.Groups["who"].Value == "ada" ? "Ada" : "Grace") : null;

    public bool Accepts(string? password) => password == Password;

    /// <summary>Who it is, with the claims by which the other backends know the same user.</summary>
    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity([new Claim("sub", Subject), new Claim("name", Name), new Claim("amr", "pwd")], "password"));

    [GeneratedRegex("^(?<subject>(?<who>ada|grace)(\\+[a-z0-9]{1,32})?)@example\\.org$", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
