namespace Holdfast.Tokens;

/// <summary>A finished credential on its way to its holder: a cookie value or a token. It prints as <c>***</c>.</summary>
public sealed class CredentialText
{
    private readonly string _text;

    /// <summary>Wraps the text that the holder will present.</summary>
    public CredentialText(string text) => _text = text;

    /// <summary>The text itself, for the one place that writes it to the wire.</summary>
    public string Reveal() => _text;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}
