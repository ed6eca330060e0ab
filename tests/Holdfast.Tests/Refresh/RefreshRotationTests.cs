using CsCheck;
using Holdfast.Refresh;
using Holdfast.Tokens;

namespace Holdfast.Tests.Refresh;

/// <summary>Rotation, as a pure function and as the engine plays it: the four properties that it stands for.</summary>
public sealed class RefreshRotationTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);
    private static readonly MasterKeys Keys = new(Engine.NewSecret(), "test", "https://holdfast.test");

    [Fact]
    [Requirement("RT-01", "RT-04")]
    public void A_current_token_is_replaced_and_its_retry_gets_the_same_successor()
    {
        var family = new Family();
        var first = family.Newest;
        var second = family.Present(first)!;
        Assert.Equal(2, second.Generation);
        Assert.Equal(second.Digest, family.Present(first)!.Digest);
        Assert.NotEqual(first.Digest, second.Digest);
    }

    [Fact]
    [Requirement("RT-02")]
    public void A_spent_token_ends_the_family_once_its_successor_is_in_use()
    {
        var family = new Family();
        var first = family.Newest;
        var second = family.Present(first)!;
        family.Present(second);
        Assert.Null(family.Present(first));
        Assert.True(family.Dead);
    }

    [Theory]
    [InlineData(9, false, true)]
    [InlineData(10, true, true)]
    [InlineData(11, true, false)]
    [InlineData(100_000, false, true)]
    [Requirement("RT-02", "RT-04")]
    public void The_previous_token_is_answered_within_the_window_or_while_its_successor_was_never_seen(int seconds, bool confirmed, bool answered)
    {
        var family = new Family();
        var first = family.Newest;
        family.Present(first);
        if (confirmed)
        {
            family.ConfirmNewest();
        }

        family.Wait(TimeSpan.FromSeconds(seconds));
        Assert.Equal(answered, family.Present(first) is not null);
    }

    [Fact]
    [Requirement("RT-02")]
    public void Strict_mode_takes_every_second_use_for_reuse()
    {
        var family = new Family(TimeSpan.Zero);
        var first = family.Newest;
        family.Present(first);
        Assert.Null(family.Present(first));
        Assert.True(family.Dead);
    }

    [Fact]
    [Requirement("RT-11")]
    public void A_token_of_any_age_is_recognised_without_a_list()
    {
        var family = new Family();
        var first = family.Newest;
        for (var generation = 0; generation < 500; generation++)
        {
            family.Present(family.Newest);
            family.Wait(TimeSpan.FromHours(1));
        }

        Assert.Null(family.Present(first));
        Assert.True(family.Dead);
    }

    [Fact]
    public void A_token_newer_than_the_record_is_taken_as_current()
    {
        var family = new Family();
        var newer = family.Newest.Successor(Keys.Active).Successor(Keys.Active);
        Assert.Equal(4, family.Present(newer)!.Generation);
        Assert.False(family.Dead);
    }

    /// <summary>
    /// Property (a), invariant 3. The client sends its newest token, perhaps several times at once; answers get lost or arrive late,
    /// but none is delivered after the retry window.
    /// </summary>
    [Fact]
    [Requirement("RT-03", "RT-04")]
    public void An_honest_client_is_never_refused_and_ends_with_one_lineage()
    {
        var step = Gen.Select(Gen.Int[1, 4], Gen.Int[0, 15], Gen.Int[0, 4 * 3600], Gen.Bool);
        step.Array[1, 30].Sample(steps =>
        {
            var family = new Family();
            var held = family.Newest;
            foreach (var (copies, arrives, pause, used) in steps)
            {
                // Tabs and retries: copies of one request, all served within the window of the first.
                var answers = Enumerable.Range(0, copies).Select(copy =>
                {
                    family.Wait(Window / 5 * Math.Min(copy, 1));
                    return family.Present(held);
                }).ToArray();
                Assert.DoesNotContain(null, answers);
                Assert.Single(answers.Select(answer => answer!.Digest).Distinct());

                // Bit by bit, whether each answer came back. If none did, the client still holds what it held.
                if ((arrives & ((1 << copies) - 1)) != 0)
                {
                    held = answers[0]!;
                    if (used)
                    {
                        family.ConfirmNewest();
                    }
                }

                family.Wait(TimeSpan.FromSeconds(pause));
            }

            Assert.False(family.Dead);
            Assert.NotNull(family.Present(held));
        });
    }

    /// <summary>Property (b), invariant 4: two parties, uses outside the window, in any order.</summary>
    [Fact]
    [Requirement("RT-02")]
    public void Once_two_parties_use_a_family_outside_the_window_it_is_dead_after_one_more_use()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Bool.Array[2, 8]).Sample((before, turns) =>
        {
            var family = new Family();
            for (var index = 0; index < before; index++)
            {
                family.Present(family.Newest);
                family.Wait(Window * 2);
            }

            // The thief copies what the owner holds; from here on each keeps to the answers that they get themselves.
            var held = new Dictionary<bool, RefreshToken> { [true] = family.Newest, [false] = family.Newest };
            var usedBy = new HashSet<bool>();
            var usesSinceBoth = 0;
            foreach (var owner in turns)
            {
                if (usedBy.Count == 2)
                {
                    usesSinceBoth++;
                }

                usedBy.Add(owner);
                if (family.Present(held[owner]) is { } answer)
                {
                    // Whoever is answered uses what they got: an access token, which confirms.
                    held[owner] = answer;
                    family.ConfirmNewest();
                }

                family.Wait(Window * 2);
                Assert.True(usesSinceBoth == 0 || family.Dead, "Two parties used it, and it still lives after one more use.");
            }
        });
    }

    /// <summary>Property (c): what was not issued here changes nothing.</summary>
    [Fact]
    [Requirement("RT-02")]
    public async Task A_forged_token_changes_nothing()
    {
        using var engine = await Engine.StartedAsync();
        var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
        var genuine = signIn.Credentials!.RefreshToken!.Reveal();
        var before = (await engine.Store.FindAsync(signIn.Session!.Handle, CancellationToken.None)).Session;
        await Gen.Select(Gen.Int[4, genuine.Length - 1], Gen.Char["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]).SampleAsync(
            async (position, character) =>
            {
                var forged = genuine.Remove(position, 1).Insert(position, character.ToString());
                if (forged == genuine || Tampered(engine, forged) == RefreshParse.UnknownKey)
                {
                    return;
                }

                Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(new CredentialText(forged))).Refusal);
            },
            iter: 500,
            threads: 1);
        Assert.Equal(before, (await engine.Store.FindAsync(signIn.Session.Handle, CancellationToken.None)).Session);
        Assert.Equal(Refusal.None, (await engine.RefreshAsync(signIn.Credentials.RefreshToken)).Refusal);
    }

    /// <summary>Property (d), invariant 1: no token of an ended session is worth anything again.</summary>
    [Fact]
    [Requirement("RT-10", "LO-01")]
    public async Task Nothing_revives_an_ended_session()
    {
        using var engine = await Engine.StartedAsync();
        await Gen.Int[0, 3].Array[1, 8].SampleAsync(
            async uses =>
            {
                var signIn = await engine.SignInAsync(transport: SessionTransport.Tokens);
                var tokens = new List<Credentials> { signIn.Credentials! };
                foreach (var use in uses)
                {
                    var next = await engine.RefreshAsync(tokens[Math.Max(0, tokens.Count - 1 - (use / 3))].RefreshToken);
                    if (next.Credentials is { } credentials)
                    {
                        tokens.Add(credentials);
                    }
                }

                await engine.Sessions.EndAsync(signIn.Session!.Handle, EndReason.Revoked, Engine.Browser, CancellationToken.None);
                foreach (var token in tokens)
                {
                    Assert.Equal(Refusal.TokenInvalid, (await engine.RefreshAsync(token.RefreshToken)).Refusal);
                    Assert.Equal(Refusal.Revoked, (await engine.CheckTokenAsync(token)).Refusal);
                }
            },
            iter: 30,
            threads: 1);
    }

    private static RefreshParse Tampered(Engine engine, string text) => RefreshToken.TryParse(text, engine.Keys, out _);

    /// <summary>A family as the store keeps it.</summary>
    private sealed class Family
    {
        private readonly TimeSpan _window;
        private RefreshLineage _lineage;
        private DateTimeOffset _now = Start;

        public Family(TimeSpan? window = null)
        {
            _window = window ?? Window;
            Newest = RefreshToken.First(Keys.Active, SessionHandle.New(0));
            _lineage = RefreshRotation.First(Newest, _now);
        }

        public RefreshToken Newest { get; private set; }

        public bool Dead { get; private set; }

        public void Wait(TimeSpan time) => _now += time;

        public void ConfirmNewest() => _lineage = _lineage with { ConfirmedGeneration = Math.Max(_lineage.ConfirmedGeneration, _lineage.Generation) };

        /// <summary>The successor, or null if it was refused.</summary>
        public RefreshToken? Present(RefreshToken token)
        {
            if (Dead)
            {
                return null;
            }

            switch (RefreshRotation.Decide(_lineage, token.Generation, token.Digest, _now, _window))
            {
                case RefreshVerdict.Reuse:
                    Dead = true;
                    return null;
                case RefreshVerdict.Repeat:
                    var again = token.Successor(Keys.Active);
                    Assert.Equal(_lineage.Current, again.Digest);
                    return again;
                default:
                    Newest = token.Successor(Keys.Active);
                    _lineage = RefreshRotation.Rotated(_lineage, token, Newest, _now);
                    return Newest;
            }
        }
    }
}
