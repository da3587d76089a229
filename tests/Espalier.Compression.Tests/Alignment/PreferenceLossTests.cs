using Espalier.Compression.Alignment.Preferences;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Alignment;

public sealed class PreferenceLossTests
{
    public static TheoryData<string> Kinds => ["dpo", "rpo-bwd-kl", "rpo-fwd-kl", "rpo-sq"];

    /// <summary>Values and autograd's slopes from PyTorch, at margins up to 900 nats.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Values_and_slopes_are_those_of_the_golden_table(string kind)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("preferences", "golden.safetensors"));
        var (loss, deltas, rewards) = (Loss(kind), golden.Doubles("delta"), golden.Doubles("reward"));
        var found = deltas.Zip(rewards, loss.Of).ToArray();

        GoldenTensors.AssertClose(golden.Doubles($"{kind}.value"), found.Select(one => one.Loss).ToArray(), 1e-14, 1e-13, "value");
        GoldenTensors.AssertClose(golden.Doubles($"{kind}.slope"), found.Select(one => one.Slope).ToArray(), 1e-14, 1e-12, "slope");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_slope_is_that_of_finite_differences(string kind)
    {
        var loss = Loss(kind);
        const double step = 1e-5;
        foreach (var delta in new[] { -6.0, -1.3, 0, 0.4, 2.5, 8 })
        {
            var slope = (loss.Of(delta + step, 0.8).Loss - loss.Of(delta - step, 0.8).Loss) / (2 * step);
            Assert.Equal(slope, loss.Of(delta, 0.8).Slope, 1e-8);
        }
    }

    [Fact]
    public void Of_no_difference_DPO_is_the_logarithm_of_two() =>
        Assert.Equal((Math.Log(2), -0.05), new PreferenceLoss(PreferenceKind.Dpo, Beta: 0.1).Of(0, 0));

    [Theory]
    [InlineData(nameof(PreferenceKind.RpoBwdKl))]
    [InlineData(nameof(PreferenceKind.RpoFwdKl))]
    [InlineData(nameof(PreferenceKind.RpoSq))]
    public void A_reward_aware_loss_is_zero_where_the_margins_agree(string kind)
    {
        var (loss, slope) = new PreferenceLoss(Enum.Parse<PreferenceKind>(kind), Beta: 0.5, Eta: 2).Of(4, 1);
        Assert.Equal(0, loss, 1e-15);
        Assert.Equal(0, slope, 1e-15);
    }

    [Fact]
    public void With_label_smoothing_the_best_margin_is_finite()
    {
        var loss = new PreferenceLoss(PreferenceKind.Dpo, Beta: 1, Smoothing: 0.1);
        // σ(d) = 1 − ε.
        Assert.Equal(0, loss.Of(Math.Log(9), 0).Slope, 1e-15);
        Assert.True(loss.Of(20, 0).Slope > 0);
    }

    internal static PreferenceLoss Loss(string kind) => new(
        Enum.GetValues<PreferenceKind>().Single(value => new PreferenceLoss(value).Name == kind), Beta: 0.3, Smoothing: 0.2, Eta: 0.7);
}
