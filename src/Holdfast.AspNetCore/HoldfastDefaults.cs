namespace Holdfast.AspNetCore;

/// <summary>Names that applications refer to.</summary>
public static class HoldfastDefaults
{
    /// <summary>The authentication scheme: <c>Holdfast</c>.</summary>
    public const string AuthenticationScheme = "Holdfast";
}
