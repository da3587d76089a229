using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Tests.Generation;

/// <summary>What is left to choose from, and how often each of it is chosen, against probabilities that are written out.</summary>
public sealed class SamplerTests
{
    // Probabilities 0.4, 0.3, 0.2, 0.08, 0.02, in another order.
    private static readonly double[] s_shares = [0.2, 0.4, 0.02, 0.3, 0.08];

    private static float[] Logits => [.. s_shares.Select(share => (float)Math.Log(share) + 3)];

    [Theory]
    [InlineData(0.0, 0, 1.0, 1.0, new[] { 1, 3, 0, 4, 2 })]
    [InlineData(0.49, 0, 1.0, 1.0, new[] { 1, 3, 0 })]
    [InlineData(0.51, 0, 1.0, 1.0, new[] { 1, 3 })]
    [InlineData(1.0, 0, 1.0, 1.0, new[] { 1 })]
    [InlineData(0.04, 4, 1.0, 1.0, new[] { 1, 3, 0, 4 })]
    [InlineData(0.19, 0, 0.95, 1.0, new[] { 1, 3, 0, 4 })]
    [InlineData(0.49, 0, 0.65, 1.0, new[] { 1, 3 })]
    // At half the temperature shares are squared: 0.2² is a quarter of 0.4², 0.3² nine sixteenths.
    [InlineData(0.26, 0, 1.0, 0.5, new[] { 1, 3 })]
    [InlineData(0.24, 0, 1.0, 0.5, new[] { 1, 3, 0 })]
    public void Min_p_keeps_what_is_no_less_likely_than_its_share_of_the_likeliest(double minP, int topK, double topP, double temperature,
        int[] kept)
    {
        const int Draws = 20_000;
        var sampler = new Sampler(new SamplingOptions
        {
            Temperature = temperature,
            MinP = minP,
            TopK = topK,
            TopP = topP,
            Seed = 5,
        }.Validate());
        var counts = new int[s_shares.Length];
        var logits = Logits;
        for (var i = 0; i < Draws; i++)
            counts[sampler.Choose(logits)]++;
        double Weight(int id) => Math.Pow(s_shares[id], 1 / temperature);
        var mass = kept.Sum(Weight);
        for (var id = 0; id < counts.Length; id++)
        {
            var expected = kept.Contains(id) ? Weight(id) / mass : 0;
            // Five standard deviations of a binomial share.
            Assert.InRange(counts[id] / (double)Draws, expected - 5 * Math.Sqrt(expected * (1 - expected) / Draws),
                expected + 5 * Math.Sqrt(expected * (1 - expected) / Draws));
        }
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.NaN, 1)]
    [InlineData(float.PositiveInfinity, 1)]
    public void Logits_that_are_not_finite_choose_nothing(float logit, double temperature)
    {
        foreach (var logits in (float[][])[[logit, 1, 2], [1, 2, logit]])
        {
            var error = Assert.Throws<NotFiniteException>(() => new Sampler(new() { Temperature = temperature, TopK = 2 }).Choose(logits));
            Assert.Equal((1, true), (error.ExitCode, error.Message.Contains("the logits are not finite", StringComparison.Ordinal)));
        }
        // What may not come has −∞.
        Assert.Equal(1, new Sampler(new() { Temperature = temperature }).Choose([float.NegativeInfinity, 1, float.NegativeInfinity]));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_min_p_that_is_none_is_refused(double minP) =>
        Assert.Contains("min-p is", Assert.Throws<EspalierException>(() => new SamplingOptions { MinP = minP }.Validate()).Message);

    [Fact]
    public void Penalties_count_what_was_chosen_and_not_the_prompt()
    {
        // 1 stands in the prompt and is chosen all the same. After each choice the logits are:
        //   0, 1.3, 1.5, 0.1 | 0, 1.3, -0.2, 0.1 | 0, 0.1, -0.2, 0.05 and so on: 0.5 once, 1.2 each time.
        var choice = new Choice(new() { PresencePenalty = 0.5, FrequencyPenalty = 1.2 }, [1, 1, 1]);
        Assert.Equal([1, 2, 1, 1, 3, 0], Enumerable.Range(0, 6).Select(_ => choice.Of([0, 3, 1.5f, 0.05f])));
    }

    [Fact]
    public void What_a_mask_forbids_is_never_chosen()
    {
        foreach (var options in (SamplingOptions[])[new(), new() { Temperature = 5, Seed = 1 },
            new() { Temperature = 5, TopP = 0.99, Seed = 2 }])
        {
            var mask = new Odd();
            var choice = new Choice(options, [0], mask);
            for (var i = 0; i < 200; i++)
                Assert.Equal(1, choice.Of([5, 1, 9, 2, 7]) % 2);
            Assert.Equal(200, mask.Accepted);
        }
    }

    private sealed class Odd : ITokenMask
    {
        public int Accepted { get; private set; }

        public bool IsComplete => false;

        public void Accept(int id) => Accepted++;

        public void Apply(Span<float> logits)
        {
            for (var id = 0; id < logits.Length; id += 2)
                logits[id] = float.NegativeInfinity;
        }
    }
}
