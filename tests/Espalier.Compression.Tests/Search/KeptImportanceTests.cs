using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Search;

public sealed class KeptImportanceTests
{
    private static DecoderConfig Teacher
    {
        get
        {
            using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), requireWeights: false);
            return checkpoint.Config;
        }
    }

    private static ImportanceScores Scores(DecoderConfig teacher, double[] single, params (int Width, double[] Spans)[] spans) => new()
    {
        Batch = "l2",
        Sequence = "mean",
        Samples = 1,
        SampleLength = 1,
        ChannelsPerNorm = [[1.0]],
        Units = new()
        {
            // One channel holds half of everything.
            [Axis.Hidden] = [[.. Enumerable.Range(0, teacher.HiddenSize).Select(i => i == 7 ? teacher.HiddenSize - 1.0 : 1.0)]],
            [Axis.Heads] = [.. Enumerable.Range(0, teacher.Layers)
                .Select(_ => Enumerable.Range(0, teacher.QueryHeads).Select(head => head % 2 == 0 ? 3.0 : 1.0).ToArray())],
            [Axis.Ffn] = [.. Enumerable.Range(0, teacher.Layers).Select(_ => Enumerable.Repeat(2.0, teacher.IntermediateSize).ToArray())],
        },
        BlockInfluence = spans.Append((Width: 1, Spans: single)).ToDictionary(pair => pair.Width, pair => pair.Spans),
    };

    private static double[] Single => [4, 1, 1, 1, 1, 1, 1, 10];

    [Fact]
    public void The_share_kept_is_the_product_over_the_axes()
    {
        var teacher = Teacher;
        var kept = new KeptImportance(teacher, Scores(teacher, Single), DepthChoice.Scattered);
        double Of(PruneTarget target) => kept.Of(new(target.Apply(teacher)));
        Assert.Equal(1, Of(new()), 1e-12);
        // 64 of 256 channels, the heavy one among them: (255 + 63) / 510.
        Assert.Equal(318.0 / 510, Of(new() { Hidden = 64 }), 1e-12);
        Assert.Equal(256.0 / 768, Of(new() { Ffn = 256 }), 1e-12);
        // One of two heads in each KV group: 3 of 4.
        Assert.Equal(0.75, Of(new() { Heads = 4 }), 1e-12);
        // The two heaviest layers: 14 of 20.
        Assert.Equal(0.7, Of(new() { Layers = 2 }), 1e-12);
        Assert.Equal(0.7 * 0.75 / 3, Of(new() { Layers = 2, Heads = 4, Ffn = 256 }), 1e-12);
    }

    [Fact]
    public void Heads_of_multi_head_attention_are_chosen_among_all()
    {
        var teacher = Teacher with { KeyValueHeads = Teacher.QueryHeads };
        var kept = new KeptImportance(teacher, Scores(teacher, Single), DepthChoice.Scattered);
        var space = new SearchSpace { Sizes = new() { [Axis.Heads] = [2, 4, 6, 8] } };
        // Four heads hold 3 and four hold 1.
        Assert.Equal(
            [(2, 2, 6.0 / 16), (4, 4, 12.0 / 16), (6, 6, 14.0 / 16)],
            space.Shapes(teacher).Select(candidate => (candidate.Shape.QueryHeads, candidate.Shape.KeyValueHeads, kept.Of(candidate))));
        Assert.All(space.Shapes(teacher), candidate => Assert.Equal(candidate.Shape,
            new PruneTarget { Sizes = ShapeName.ThoseThere(candidate.Sizes) }.Apply(teacher)));
    }

    [Fact]
    public void A_contiguous_span_counts_the_layers_that_it_takes()
    {
        var teacher = Teacher;
        // The span of least influence begins at 0 and takes the layer of 4 with it.
        var kept = new KeptImportance(teacher, Scores(teacher, Single, (2, [0.1, 5, 5, 5, 5, 5, 5])), DepthChoice.Contiguous);
        Assert.Equal(15.0 / 20, kept.Of(new(new PruneTarget { Layers = 6 }.Apply(teacher))), 1e-12);
        Assert.Equal(19.0 / 20, kept.Of(new(new PruneTarget { Layers = 7 }.Apply(teacher))), 1e-12);
    }

    [Fact]
    public void The_best_of_many_are_those_that_sorting_gives()
    {
        var teacher = Teacher;
        var kept = new KeptImportance(teacher, Scores(teacher, Single), DepthChoice.Scattered);
        var sizes = new PerAxis<IReadOnlyList<int>>
        {
            [Axis.Layers] = [2, 4, 6, 8],
            [Axis.Heads] = [4, 8],
            [Axis.Ffn] = [256, 512],
            [Axis.Hidden] = [64, 128, 192],
        };
        var all = ShapeSearch.Enumerate(teacher, new() { Sizes = sizes }, []).ToArray();
        Assert.Equal(all.OrderByDescending(kept.Of).Take(7).Select(candidate => candidate.Name),
            kept.Best(all, 7).Select(candidate => candidate.Name));
        Assert.Equal(all.Length, kept.Best(all, int.MaxValue).Count);
    }
}
