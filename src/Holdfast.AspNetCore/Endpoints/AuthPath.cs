namespace Holdfast.AspNetCore.Endpoints;

/// <summary>Where <c>MapHoldfast</c> put the endpoints: the only path to which browsers send the refresh token.</summary>
internal sealed class AuthPath
{
    public string Value { get; set; } = "/auth";
}
