using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>So many layers of each kind of a hybrid.</summary>
public sealed class LayerCountsTests
{
    private static readonly LayerKind s_half = new() { Activation = ActivationKind.SquaredRelu, IsRotary = false };

    // mamba, feed-forward, mamba, attention, feed-forward, mamba
    private static readonly LayerKinds s_kinds = LayerKinds.Of([
        s_half with { HasAttention = false, HasMamba = true, HasFeedForward = false }, s_half with { HasAttention = false },
        s_half with { HasAttention = false, HasMamba = true, HasFeedForward = false }, s_half with { HasFeedForward = false },
        s_half with { HasAttention = false }, s_half with { HasAttention = false, HasMamba = true, HasFeedForward = false },
    ]);

    [Theory]
    [InlineData("25 mamba + 4 attention + 19 feed-forward", 25, 4, 19, "25 mamba + 4 attention + 19 feed-forward")]
    [InlineData("2 feed-forward+1 mamba", 1, 0, 2, "1 mamba + 2 feed-forward")]
    public void What_is_written_is_read(string text, int mamba, int attention, int feedForward, string spelt)
    {
        var counts = LayerCounts.Parse(text);
        Assert.Equal(new LayerCounts(mamba, attention, feedForward), counts);
        Assert.Equal(spelt, counts.ToString());
        Assert.Matches(LayerCounts.Pattern, text);
    }

    [Theory]
    [InlineData("25")]
    [InlineData("25 mamba + 1 mamba")]
    [InlineData("-1 mamba")]
    [InlineData("1 mamba + ")]
    [InlineData("1 moe")]
    public void What_says_something_else_is_refused(string text) =>
        Assert.Contains("is not a count of layers of each kind", Assert.Throws<EspalierException>(() => LayerCounts.Parse(text)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void The_best_of_each_kind_stay()
    {
        // Together the best four would be 0, 1, 2, 5: three Mamba layers and no attention.
        double[] worth = [4, 3, 5, 0.1, 0.2, 6];
        Assert.Equal([1, 2, 3, 5], new LayerCounts(2, 1, 1).Best(s_kinds, worth));
        Assert.Equal([0, 1, 2, 3], new LayerCounts(2, 1, 1).First(s_kinds));
    }

    [Fact]
    public void A_model_whose_layers_are_alike_has_none()
    {
        using var llama = Checkpoint.Open(Fixtures.Golden("families", "mistral"));
        Assert.Contains("layers of this mistral model are not mamba, attention or feed-forward only: leave it out",
            Assert.Throws<EspalierException>(() =>
                new PruneTarget { Layers = 2, Kinds = new(1, 1, 0) }.Apply(llama.Config)).Message, StringComparison.Ordinal);
    }
}
