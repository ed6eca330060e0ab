namespace Holdfast.Server.Tests.Api;

/// <summary>Session data over HTTP: one object, changed field by field.</summary>
public sealed class DataApiTests
{
    [Fact]
    public async Task A_patch_changes_the_fields_that_it_names_and_no_other()
    {
        await using var server = await RunningServer.StartAsync();
        var path = $"/v1/sessions/{(await server.First.SignInAsync()).Sid}/data";
        Assert.Equal("{}", (await server.First.GetAsync(path)).Text);
        await server.First.PatchAsync(path, new { theme = "dark", cart = new[] { "book" } });
        var patched = await server.First.PostTextAsync(path, """{ "theme": null, "count": 3 }""", "application/merge-patch+json", HttpMethod.Patch);
        Assert.Equal((200, """{"cart":["book"],"count":3}"""), (patched.Status, patched.Text));
        Assert.Equal(patched.Header("ETag"), (await server.First.GetAsync(path)).Header("ETag"));
    }

    [Fact]
    public async Task A_conditional_patch_fails_once_the_data_is_another()
    {
        await using var server = await RunningServer.StartAsync();
        var path = $"/v1/sessions/{(await server.First.SignInAsync()).Sid}/data";
        var tag = (await server.First.PatchAsync(path, new { count = 1 })).Header("ETag")!;
        Assert.Equal(200, (await server.First.PatchAsync(path, new { count = 2 }, ("If-Match", tag))).Status);
        var late = await server.First.PatchAsync(path, new { count = 3 }, ("If-Match", tag));
        Assert.Equal((412, "conflict"), (late.Status, late.Reason));
        Assert.Equal("""{"count":2}""", (await server.First.GetAsync(path)).Text);
        Assert.Equal(200, (await server.First.PatchAsync(path, new { count = 4 }, ("If-Match", "*"))).Status);
    }

    [Fact]
    public async Task Parallel_patches_of_different_fields_lose_nothing()
    {
        await using var server = await RunningServer.StartAsync();
        var path = $"/v1/sessions/{(await server.First.SignInAsync()).Sid}/data";
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(field => server.First.PatchAsync(path, new Dictionary<string, int> { [$"f{field}"] = field })));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(20, (await server.First.GetAsync(path)).Json.EnumerateObject().Count());
    }

    [Fact]
    public async Task Data_beyond_its_limit_reserved_fields_and_ended_sessions_are_refused()
    {
        await using var server = await RunningServer.StartAsync(("Holdfast:MaxDataBytes", "1000"));
        var session = await server.First.SignInAsync();
        var path = $"/v1/sessions/{session.Sid}/data";
        Assert.Equal("data_too_large", (await server.First.PatchAsync(path, new { big = new string('x', 1000) })).Reason);
        Assert.Equal("data_too_large", (await server.First.PostAsync("/v1/sessions", new { subject = "ada", data = new { big = new string('x', 1000) } })).Reason);
        var reserved = await server.First.PatchAsync(path, new Dictionary<string, int> { ["holdfast.mine"] = 1 });
        Assert.Equal((400, "invalid_request"), (reserved.Status, reserved.Reason));
        Assert.DoesNotContain("Parameter", reserved["detail"], StringComparison.Ordinal);
        Assert.Equal("{}", (await server.First.GetAsync(path)).Text);
        await server.First.DeleteAsync($"/v1/sessions/{session.Sid}");
        Assert.Equal(404, (await server.First.PatchAsync(path, new { theme = "dark" })).Status);
    }
}
