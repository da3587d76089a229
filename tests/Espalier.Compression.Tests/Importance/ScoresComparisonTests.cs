using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Comparison;
using Espalier.Compression.Importance.Residuals;

namespace Espalier.Compression.Tests.Importance;

public sealed class ScoresComparisonTests
{
    private static ImportanceScores A => new()
    {
        Batch = "l2",
        Sequence = "mean",
        Samples = 4,
        SampleLength = 8,
        Teacher = "aa",
        Units = new() { [Axis.Ffn] = [[1, 2, 3, 4], [4, 3, 2, 1]], [Axis.Heads] = [[1, 2], [2, 1]], [Axis.Hidden] = [[1, 2, 3]] },
        ChannelsPerNorm = [[1, 2, 3], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
        BlockInfluence = new Dictionary<int, double[]> { [1] = [0.5, 0.25] },
    };

    private static ImportanceScores B => A with
    {
        Units = new() { [Axis.Ffn] = [[1, 2, 3, 4], [1, 2, 3, 4]], [Axis.Heads] = [[2, 1], [1, 2]], [Axis.Hidden] = [[1, 3, 2]] },
    };

    [Fact]
    public void Axes_of_layers_have_the_mean_of_their_layers_and_what_all_layers_together_give()
    {
        var neurons = ScoresComparison.Axes(A, B, new(0.5))[0];
        Assert.Equal(("neurons", 4, 2), (neurons.Axis, neurons.Units, neurons.Kept));
        Assert.Equal([1, -1], neurons.CorrelationPerLayer!);
        Assert.Equal(0, neurons.Correlation, 1e-12);
        Assert.Equal([1, 0], neurons.OverlapPerLayer!);
        Assert.Equal(0.5, neurons.Overlap);
        Assert.Equal(0, neurons.NetworkCorrelation, 1e-12);
    }

    [Fact]
    public void The_networks_axes_have_one_number()
    {
        var axes = ScoresComparison.Axes(A, B, new(KeptSizes.DefaultShare));
        Assert.Equal(["neurons", "heads", "channels", "layers"], axes.Select(axis => axis.Axis));
        var (channels, layers) = (axes[2], axes[3]);
        Assert.Equal((3, 2, 0.5, 1.0), (channels.Units, channels.Kept, Math.Round(channels.Correlation, 12), channels.Overlap));
        Assert.Null(channels.CorrelationPerLayer);
        Assert.Equal((2, 1, 1.0, 1.0), (layers.Units, layers.Kept, layers.Correlation, layers.Overlap));
        Assert.Equal((-1.0, 0.0), (axes[1].Correlation, axes[1].Overlap));
    }

    [Fact]
    public void Sizes_that_are_asked_for_go_before_the_share_and_ties_go_to_the_lower_index()
    {
        var flat = A with { Units = A.Units.With(Axis.Hidden, [[7, 7, 7]]) };
        var axes = ScoresComparison.Axes(flat, B, new(0.5) { Sizes = new() { [Axis.Hidden] = 1, [Axis.Ffn] = 3 } });
        Assert.Equal((1, 3), (axes[2].Kept, axes[0].Kept));
        Assert.Equal(0, axes[2].Overlap); // 0 against 1
        Assert.Contains("4 channels cannot be kept; there are only 3",
            Assert.Throws<EspalierException>(() => ScoresComparison.Axes(A, B, new(0.5) { Sizes = new() { [Axis.Hidden] = 4 } })).Message);
    }

    [Fact]
    public void Provenance_is_compared_field_by_field_and_another_shape_is_refused()
    {
        Assert.Empty(ScoresComparison.Differences(A, B));
        var other = B with { Method = ScoreMethod.Taylor, Batch = "", Sequence = "", ChannelsPerNorm = [], Teacher = "bb", Samples = 5 };
        Assert.Equal(
            [new("method", "activation", "taylor"), new("batch", "l2", ""), new("sequence", "mean", ""),
                new("neuron_values", "intermediate", ""), new("samples", "4", "5"), new("teacher", "aa", "bb")],
            ScoresComparison.Differences(A, other));
        Assert.Contains("4 neurons in a layer but the second have 3",
            Assert.Throws<EspalierException>(() =>
                ScoresComparison.Axes(A, B with { Units = B.Units.With(Axis.Ffn, [[1, 2, 3], [1, 2, 3]]) }, new(0.5))).Message);
        Assert.Contains("2 layers but the second have 1",
            Assert.Throws<EspalierException>(() =>
                ScoresComparison.Axes(A, B with { Units = B.Units.With(Axis.Heads, [[1, 2]]) }, new(0.5))).Message);
    }
}
