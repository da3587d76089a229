using Espalier.Compression.Pruning;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Recipes;

/// <summary>The way from a teacher's shape to a student's in several cuts.</summary>
public sealed class ShapePathTests
{
    // Nemotron-4 15B and Minitron 4B.
    private static readonly DecoderConfig s_large = new()
    {
        Family = "nemotron",
        VocabularySize = 256_000,
        HiddenSize = 6144,
        IntermediateSize = 24576,
        Layers = 32,
        QueryHeads = 48,
        KeyValueHeads = 8,
        HeadDim = 128,
        TiedEmbeddings = false,
        MaxPositions = 4096,
        Norm = NormKind.LayerNorm1p,
        LayerKinds = LayerKinds.All(new() { Activation = ActivationKind.SquaredRelu }),
    };

    private static readonly DecoderConfig s_small = s_large with { HiddenSize = 3072, IntermediateSize = 9216, QueryHeads = 24 };

    [Fact]
    public void An_even_path_takes_equal_steps_on_every_axis()
    {
        var path = ShapePath.Even(s_large, s_small with { Layers = 24 }, 4);
        Assert.Equal([5376, 4608, 3840, 3072], path.Select(shape => shape.HiddenSize));
        Assert.Equal([20736, 16896, 13056, 9216], path.Select(shape => shape.IntermediateSize));
        Assert.Equal([30, 28, 26, 24], path.Select(shape => shape.Layers));
        Assert.All(path, shape => Assert.Equal(0, shape.QueryHeads % shape.KeyValueHeads));
        Assert.Equal(24, path[^1].QueryHeads);
    }

    [Fact]
    public void A_gentle_path_is_the_shortest_whose_cuts_are_small_enough()
    {
        var path = ShapePath.Gentle(s_large, s_small, 1.0 / 3);
        Assert.True(ShapePath.LargestCut(s_large, path) <= 1.0 / 3);
        Assert.True(ShapePath.LargestCut(s_large, ShapePath.Even(s_large, s_small, path.Count - 1)) > 1.0 / 3);
        Assert.Single(ShapePath.Gentle(s_large, s_small, 0.9));
    }

    [Fact]
    public void A_path_that_does_not_exist_is_refused_with_what_there_is()
    {
        var shallow = s_large with { Layers = 30 };
        Assert.Contains("there are no 3 different shapes",
            Assert.Throws<EspalierException>(() => ShapePath.Even(s_large, shallow, 3)).Message);
        var refused = Assert.Throws<EspalierException>(() => ShapePath.Gentle(s_large, s_large with { Layers = 31 }, 0.01)).Message;
        Assert.Contains("the gentlest cuts 3.1 % at once", refused);
    }

    [Fact]
    public void Named_shapes_are_passed_and_only_cut()
    {
        var middle = new PruneTarget { Hidden = 4096, Ffn = 16384 };
        var path = new CyclesSection { Shapes = [middle] }.Path(s_large, s_small);
        Assert.Equal([middle.Apply(s_large), s_small], path);
        Assert.Contains("larger than the last",
            Assert.Throws<EspalierException>(() =>
                new CyclesSection { Shapes = [middle] }.Path(s_large, s_large with { HiddenSize = 5120 })).Message);
    }

    [Fact]
    public void What_leads_from_shape_to_shape_gives_it_back()
    {
        foreach (var shape in ShapePath.Even(s_large, s_small with { KeyValueHeads = 4, QueryHeads = 12 }, 3))
            Assert.Equal(shape, PruneTarget.Between(s_large, shape).Apply(s_large));
    }
}
