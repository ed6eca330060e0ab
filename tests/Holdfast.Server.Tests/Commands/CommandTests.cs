using System.Text.Json;
using Holdfast.Server.Applications;
using Holdfast.Server.Commands;

namespace Holdfast.Server.Tests.Commands;

/// <summary>The command line on a SQLite file, as an operator types it.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_application_is_added_listed_and_given_a_new_key()
    {
        var added = await RunAsync("apps", "add", "shop", "--scope", "sessions:read", "--set", "IdleTimeout=00:15:00", "--json");
        Assert.Equal(0, added.Code);
        var key = JsonDocument.Parse(added.Output).RootElement.GetProperty("api_key").GetString()!;
        Assert.NotNull(ApiKey.Parse(key));

        var again = await RunAsync("apps", "add", "shop");
        Assert.Equal(1, again.Code);
        Assert.Contains("apps rotate-key shop", again.Error, StringComparison.Ordinal);

        Assert.Matches("(?m)^shop +default +http://localhost:5090 +sessions:read ", (await RunAsync("apps", "list")).Output);
        Assert.Matches("hfk_[\\w-]{48}", (await RunAsync("apps", "rotate-key", "shop")).Output);
        var listed = await RunAsync("apps", "list", "--json");
        Assert.Equal(2, JsonDocument.Parse(listed.Output).RootElement[0].GetProperty("keys").GetArrayLength());
        Assert.DoesNotContain(key[4..], listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("digest", listed.Output, StringComparison.OrdinalIgnoreCase);
        await RunAsync("apps", "rotate-key", "shop", "--drop-old");
        Assert.Equal(1, JsonDocument.Parse((await RunAsync("apps", "list", "--json")).Output).RootElement[0].GetProperty("keys").GetArrayLength());
    }

    [Theory]
    [InlineData("apps add x --set IdleTimeout=99.00:00:00", "IdleTimeout is 99.00:00:00")]
    [InlineData("apps add x --set IdleTimeout=soon", "IdleTimeout")]
    [InlineData("apps add x --set Colour=red", "'Colour' is no setting of an application")]
    [InlineData("apps add x --set IdleTimeout", "Name=Value")]
    [InlineData("apps add x --scope everything", "The scope is 'everything'")]
    [InlineData("apps add x --origin https://shop.test/path", "The origin is 'https://shop.test/path'")]
    [InlineData("apps add a/b", "The id is 'a/b'")]
    [InlineData("apps add x --jwks nowhere.json", "nowhere.json")]
    [InlineData("sessions list --limit 0", "--limit is 0")]
    [InlineData("sessions show short", "no handle")]
    [InlineData("keys list --store postgres", "postgres")]
    [InlineData("keys list --store memory", "memory store")]
    [InlineData("keys list --environment Staging", "this store belongs to 'Production'")]
    [InlineData("serve --store redis", "ConnectionString is missing")]
    [InlineData("nonsense", "nonsense")]
    [InlineData("apps", "Required command")]
    public async Task Wrong_usage_and_settings_end_with_2_and_say_what_is_wrong(string command, string expected)
    {
        await RunAsync("apps", "add", "first");
        var (code, _, error) = await RunAsync(command.Split(' '));
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_not_there_is_not_made_by_looking()
    {
        var (code, _, error) = await RunAsync("sessions", "list");
        Assert.Equal(2, code);
        Assert.Contains("There is no store at", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public async Task A_store_that_does_not_answer_ends_with_3()
    {
        var (code, _, error) = await RunAsync("keys", "list", "--store", "redis", "--connection-string", $"127.0.0.1:{RunningServer.FreePort()},connectTimeout=300,connectRetry=0");
        Assert.Equal(3, code);
        Assert.StartsWith("holdfast: Redis at 127.0.0.1:", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_are_listed_shown_and_ended()
    {
        var (ada, ben) = (await SignInAsync("ada"), await SignInAsync("ben"));
        var other = await SignInAsync("ada");
        var table = (await RunAsync("sessions", "list")).Output;
        Assert.Matches($"(?m)^{ada} +ada +cookie ", table);
        Assert.Equal(2, JsonDocument.Parse((await RunAsync("sessions", "list", "--subject", "ada", "--json")).Output).RootElement.GetArrayLength());
        Assert.Contains("There are more", (await RunAsync("sessions", "list", "--limit", "2")).Output, StringComparison.Ordinal);
        Assert.Matches("claim name +Ada", (await RunAsync("sessions", "show", ada)).Output);

        Assert.Equal(0, (await RunAsync("sessions", "end", ben)).Code);
        Assert.Equal(1, (await RunAsync("sessions", "end", ben)).Code);
        Assert.Matches("ended +revoked at", (await RunAsync("sessions", "show", ben)).Output);

        Assert.Equal(1, (await RunAsync("subjects", "end", "ada", "--except", ben)).Code);
        Assert.Contains("Ended 1 sessions of 'ada'", (await RunAsync("subjects", "end", "ada", "--except", other)).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(ada, (await RunAsync("sessions", "list")).Output, StringComparison.Ordinal);
        Assert.Contains(other, (await RunAsync("sessions", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_announced_before_it_signs()
    {
        await RunAsync("apps", "add", "first");
        Assert.Matches("(?m) ES256 .* signs *$", (await RunAsync("keys", "list")).Output);
        Assert.Contains("is announced, and signs from", (await RunAsync("keys", "rotate")).Output, StringComparison.Ordinal);
        var states = JsonDocument.Parse((await RunAsync("keys", "list", "--json")).Output).RootElement.EnumerateArray().Select(key => key.GetProperty("state").GetString());
        Assert.Equal(["announced", "signs"], states);
    }

    private async Task<string> SignInAsync(string subject)
    {
        var parsed = new System.CommandLine.RootCommand { Settings.All.ElementAt(1) }.Parse(["--connection-string", Path.Combine(_directory.Path, "holdfast.db")]);
        await using var engine = await Holdfast.Server.Commands.Engine.OpenAsync(parsed, mayCreate: true, CancellationToken.None);
        var signIn = new SignIn { Subject = subject, Claims = [new SessionClaim("name", "Ada")] };
        return (await engine.Sessions.SignInAsync(signIn, Caller.Application, CancellationToken.None)).Session!.Handle.ToString();
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        string[] store = arguments.Contains("--connection-string") || arguments.Contains("redis") ? [] : ["--connection-string", Path.Combine(_directory.Path, "holdfast.db")];
        var code = await CommandLine.RunAsync([.. arguments, .. store], output, error);
        return (code, output.ToString(), error.ToString());
    }
}
