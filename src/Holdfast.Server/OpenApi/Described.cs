using Holdfast.Protocol;
using Microsoft.OpenApi;

namespace Holdfast.Server.OpenApi;

/// <summary>What the OpenAPI document says of a route beside its address.</summary>
/// <param name="Request">An example of the body; null without one.</param>
/// <param name="Response">An example of the answer; null without one.</param>
internal sealed record RouteExamples(string? Request, string? Response);

/// <summary>A parameter of the address: one that the handler reads by itself, or what one means that it declares.</summary>
/// <param name="In">Where it stands.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it means.</param>
internal sealed record AddressParameter(ParameterLocation In, string Name, string Description);

/// <summary>A field of a form.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it means.</param>
/// <param name="Required">Whether it must be there.</param>
internal sealed record FormParameter(string Name, string Description, bool Required);

/// <summary>Describes routes where they are mapped.</summary>
internal static class Described
{
    public static RouteHandlerBuilder Says(this RouteHandlerBuilder route, string summary, string description) =>
        route.WithSummary(summary).WithDescription(description).WithTags("Sessions");

    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, string example, string mediaType = "application/json", params string[] others)
        where T : notnull => route.Accepts<T>(mediaType, others).WithMetadata(new RouteExamples(example, null));

    public static RouteHandlerBuilder Gives<T>(this RouteHandlerBuilder route, int status, string example) =>
        route.Produces<T>(status, "application/json").WithMetadata(new RouteExamples(null, example));

    public static RouteHandlerBuilder Gives(this RouteHandlerBuilder route, int status) => route.Produces(status);

    /// <summary>The refusals of this route, beside those that any may give: 401, 403, 500 and 503.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses.Concat([401, 403, 500, 503]).Order())
        {
            route.Produces<Problem>(status, "application/problem+json");
        }

        return route;
    }

    public static RouteHandlerBuilder Form(this RouteHandlerBuilder route, string name, string description, bool required = true) =>
        route.WithMetadata(new FormParameter(name, description, required));

    public static RouteHandlerBuilder Query(this RouteHandlerBuilder route, string name, string description) =>
        route.WithMetadata(new AddressParameter(ParameterLocation.Query, name, description));

    public static RouteHandlerBuilder Path(this RouteHandlerBuilder route, string name, string description) =>
        route.WithMetadata(new AddressParameter(ParameterLocation.Path, name, description));
}
