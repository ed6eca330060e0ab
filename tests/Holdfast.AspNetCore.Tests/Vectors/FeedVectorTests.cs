using System.Text.Json;

namespace Holdfast.AspNetCore.Tests.Vectors;

/// <summary>The transcripts of <c>feeds.json</c>, followed by the model that <c>protocol/README.md</c> describes.</summary>
public sealed class FeedVectorTests
{
    [Fact]
    public void A_follower_answers_from_memory_when_the_transcript_says_so_and_at_no_other_time()
    {
        var file = VectorFile.Read("feeds.json");
        var start = file.GetProperty("wall_at_0").GetInt64();
        Assert.All(file.Cases("cases"), one =>
        {
            var follower = new ReferenceFollower();
            foreach (var step in one.GetProperty("steps").EnumerateArray())
            {
                var at = step.GetProperty("at").GetInt64();
                Run(follower, step, new Clocks(at, start + at + (step.TryGetProperty("wall_ahead", out var ahead) ? ahead.GetInt64() : 0)));
            }
        });
    }

    private static void Run(ReferenceFollower follower, JsonElement step, Clocks now)
    {
        switch (step.Text("do"))
        {
            case "send":
                Assert.Equal(step.Text("after"), follower.Position);
                follower.Send(now);
                break;
            case "answer":
                var text = step.TryGetProperty("body", out var body) ? body.GetRawText() : step.Text("text")!;
                Assert.Equal(step.Text("then") == "at_once", follower.Answer(step.GetProperty("status").GetInt32(), text));
                break;
            case "lost":
                break;
            case "ask":
                follower.Ask(step.Text("credential")!, now);
                break;
            case "verdict":
                follower.Verdict(step.Text("credential")!, FactsOf(step.GetProperty("session")), step.GetProperty("remember_for_ms").GetInt64());
                break;
            case "ended" when step.Text("subject") is { } subject:
                follower.EndedSubjectByUs(subject, now);
                break;
            case "ended":
                follower.EndedByUs(step.Text("sid")!);
                break;
            case "raised":
                follower.RaisedByUs(step.Text("sid")!, step.GetProperty("cv").GetInt64());
                break;
            case "question":
                var answers = step.TryGetProperty("token", out var token)
                    ? follower.MayAnswer(FactsOf(token), token.GetProperty("exp").GetInt64(), now) : follower.MayAnswer(step.Text("credential")!, now);
                Assert.True(step.GetProperty("answers").GetBoolean() == answers, step.GetRawText());
                break;
            default:
                Assert.Fail($"There is no step '{step.Text("do")}'.");
                break;
        }
    }

    private static Facts FactsOf(JsonElement one) =>
        new(one.Text("sid")!, one.Text("subject")!, one.GetProperty("epoch").GetInt64(), one.GetProperty("cv").GetInt64());
}
