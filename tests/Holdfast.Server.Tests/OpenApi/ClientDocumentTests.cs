using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Server.Tests.OpenApi;

/// <summary><c>protocol/openapi.yaml</c>, which people read who write clients, says of each call what the server says itself.</summary>
public sealed class ClientDocumentTests
{
    private const string KeySet = "/.well-known/jwks.json";

    // What no client calls: the views of administrators, and what OAuth clients do by themselves.
    private static readonly string[] NotForClients = ["get /v1/sessions", "post /oauth2/token", "post /oauth2/introspect"];

    // What `default` stands for.
    private static readonly string[] AnyRefusal = ["400", "401", "403", "413", "415", "500", "503"];

    [Fact]
    public async Task Every_call_of_the_server_that_clients_use_stands_in_it_and_no_other()
    {
        await using var server = await RunningServer.StartAsync();
        var (ours, served) = (Ours(), await ServedAsync(server));
        Assert.Equal(Operations(served).Keys.Except(NotForClients).Order(), Operations(ours).Keys.Except([$"get {KeySet}"]).Order());
        Assert.Equal(["keys"], (await server.First.GetAsync(KeySet)).Json.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task Its_answers_have_the_servers_codes()
    {
        await using var server = await RunningServer.StartAsync();
        var (ours, served) = (Operations(Ours()), Operations(await ServedAsync(server)));
        Assert.All(ours.Where(one => !one.Key.EndsWith(KeySet, StringComparison.Ordinal)), one =>
        {
            var (mine, theirs) = (Names(one.Value["responses"]), Names(served[one.Key]["responses"]));
            Assert.Equal((one.Key, ""), (one.Key, string.Join(' ', mine.Except(theirs).Except(["default"]))));
            Assert.Equal((one.Key, ""), (one.Key, string.Join(' ', theirs.Except(mine).Except(mine.Contains("default") ? AnyRefusal : []))));
        });
    }

    [Fact]
    public async Task Its_bodies_and_parameters_have_the_servers_members()
    {
        await using var server = await RunningServer.StartAsync();
        var (ourDocument, servedDocument) = (Ours(), await ServedAsync(server));
        var served = Operations(servedDocument);
        foreach (var (name, mine) in Operations(ourDocument).Where(one => !one.Key.EndsWith(KeySet, StringComparison.Ordinal)))
        {
            var theirs = served[name];
            Assert.Equal((name, Parameters(theirs, servedDocument)), (name, Parameters(mine, ourDocument)));
            AssertSame(name, Body(mine["requestBody"], ourDocument), ourDocument, Body(theirs["requestBody"], servedDocument), servedDocument);
            foreach (var code in new[] { "200", "201" })
            {
                AssertSame($"{name} {code}", Body(mine["responses"]![code], ourDocument), ourDocument, Body(theirs["responses"]![code], servedDocument), servedDocument);
            }
        }
    }

    // A call whose answer has no members that the document names is not compared further: tokens of OAuth, free objects.
    private static void AssertSame(string path, JsonNode? mine, JsonNode ourDocument, JsonNode? theirs, JsonNode servedDocument)
    {
        (mine, theirs) = (Resolve(mine, ourDocument), Resolve(theirs, servedDocument));
        var (ours, served) = (Names(mine?["properties"]), Names(theirs?["properties"]));
        if (ours.Count == 0)
        {
            Assert.True(served.Count == 0, $"{path}: the server names {string.Join(", ", served)}.");
            return;
        }

        Assert.Equal((path, string.Join(' ', served.Order())), (path, string.Join(' ', ours.Order())));
        Assert.Equal((path, Required(theirs)), (path, Required(mine)));
        foreach (var member in ours)
        {
            var (one, other) = (mine!["properties"]![member], theirs!["properties"]![member]);
            AssertSame($"{path}.{member}", one, ourDocument, other, servedDocument);
            AssertSame($"{path}.{member}[]", Resolve(one, ourDocument)?["items"], ourDocument, Resolve(other, servedDocument)?["items"], servedDocument);
        }
    }

    private static Dictionary<string, JsonNode> Operations(JsonNode document) => document["paths"]!.AsObject()
        .SelectMany(path => path.Value!.AsObject().Where(operation => operation.Key != "parameters").Select(operation => ($"{operation.Key} {path.Key}", WithParametersOf(path.Value!, operation.Value!))))
        .ToDictionary(one => one.Item1, one => one.Item2, StringComparer.Ordinal);

    private static JsonNode WithParametersOf(JsonNode path, JsonNode operation)
    {
        var whole = operation.DeepClone();
        whole["parameters"] = new JsonArray([.. new[] { path["parameters"], operation["parameters"] }.SelectMany(list => list?.AsArray() ?? []).Select(one => one!.DeepClone())]);
        return whole;
    }

    // Headers are not parameters of the server's document.
    private static string Parameters(JsonNode operation, JsonNode document) => string.Join(' ', operation["parameters"]!.AsArray()
        .Select(one => Resolve(one, document)!).Where(one => (string?)one["in"] != "header").Select(one => $"{one["in"]}:{one["name"]}").Order());

    private static JsonNode? Body(JsonNode? described, JsonNode document) =>
        Resolve(described, document)?["content"]?.AsObject().First(content => content.Key != "application/problem+json").Value!["schema"];

    private static string Required(JsonNode? schema) =>
        string.Join(' ', (schema?["required"]?.AsArray() ?? []).Select(name => (string)name!).Order());

    private static HashSet<string> Names(JsonNode? node) => [.. (node as JsonObject ?? []).Select(member => member.Key)];

    // A reference, perhaps one of several forms of which the other is null.
    private static JsonNode? Resolve(JsonNode? node, JsonNode document)
    {
        var form = node?["oneOf"]?.AsArray().FirstOrDefault(one => one!["$ref"] is not null) ?? node;
        return (string?)form?["$ref"] is { } reference
            ? Resolve(reference.Split('/').Skip(1).Aggregate((JsonNode?)document, (at, name) => at![name]), document) : form;
    }

    private static JsonNode Ours([CallerFilePath] string here = "")
    {
        using var reader = File.OpenText(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "protocol", "openapi.yaml"));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return ToJson(yaml.Documents[0].RootNode)!;
    }

    private static async Task<JsonNode> ServedAsync(RunningServer server) => JsonNode.Parse((await server.First.GetAsync("/openapi/v1.json")).Text)!;

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(member => KeyValuePair.Create(((YamlScalarNode)member.Key).Value!, ToJson(member.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        _ => JsonValue.Create(((YamlScalarNode)node).Value),
    };
}
