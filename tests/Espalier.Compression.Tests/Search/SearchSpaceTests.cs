using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Search;

public sealed class SearchSpaceTests
{
    private static DecoderConfig Config(params string[] folder)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine([Fixtures.Root, .. folder]), requireWeights: false);
        return checkpoint.Config;
    }

    private static DecoderConfig Nemotron => Config("recipes", "configs", "nemotron-4-15b");

    private static DecoderConfig Quickstart => Config("models", "quickstart-teacher");

    private static SearchSpace Table12(int[] heads, int[] hidden) =>
        new()
        {
            Sizes = new() { [Axis.Layers] = [29, 30, 31, 32], [Axis.Heads] = heads, [Axis.Hidden] = hidden },
            Expansion = [2.5, 3, 3.5, 4],
        };

    private static string[] Names(SearchSpace space, string parameters) =>
        [.. ShapeSearch.Enumerate(Nemotron, space, [new ParametersConstraint(Budget.OfCount(parameters))])
            .Select(candidate => candidate.Name)];

    [Fact]
    public void The_papers_4B_grid_has_18_candidates_and_the_published_shape_among_them()
    {
        var found = Names(Table12([24, 32, 48], [2560, 3072, 3584, 4096, 4608]), "4.0B +-5%");
        Assert.Equal(18, found.Length);
        Assert.Contains("32/24/9216/3072", found);
    }

    /// <summary>
    /// Once layers are ranked a hybrid's shapes have the layers that its cut keeps, and are held against budgets with them.
    /// </summary>
    [Fact]
    public void A_hybrids_candidates_are_as_large_as_what_is_cut()
    {
        using var hybrid = Checkpoint.Open(Fixtures.Golden("families", "nemotron-h"));
        var teacher = hybrid.Config;
        // The two feed-forward blocks and the one of attention go: three mixers are left.
        int[] kept = [0, 2, 5];
        var student = teacher with { Layers = 3, LayerKinds = teacher.LayerKinds.At(kept) };
        var space = new SearchSpace { Sizes = new() { [Axis.Layers] = [3], [Axis.MambaHeads] = [4, 6] } };
        var budget = new ParametersConstraint(Budget.OfCount($"<= {student.Parameters - 1}"));
        var found = ShapeSearch.Enumerate(teacher, space, [budget], _ => teacher.LayerKinds.At(kept)).Single();
        Assert.Equal(student with { Mamba = teacher.Mamba with { Heads = 4 } }, found.Shape);
        // Sizes of halves that have gone are listed all the same.
        Assert.Equal(("layers/heads/ffn/hidden/mamba-heads/mamba-head-dim", "3/4/96/48/4/10"), (found.Keys, found.Name));
        Assert.Equal((4, 10), (found.Sizes[Axis.MambaHeads], found.Sizes[Axis.MambaHeadDim]));
    }

    [Fact]
    public void The_papers_8B_grid_has_exactly_the_15_candidates_of_its_table() => Assert.Equal(
        [
            "32/32/12800/5120", "32/32/13824/4608", "32/48/11520/4608", "32/48/16384/4096",
            "31/32/12800/5120", "31/32/16128/4608", "31/48/13824/4608", "31/48/16384/4096",
            "30/32/12800/5120", "30/32/16128/4608", "30/48/13824/4608", "30/48/16384/4096",
            "29/32/12800/5120", "29/32/16128/4608", "29/48/13824/4608",
        ],
        Names(Table12([32, 48], [4096, 4608, 5120, 5632, 6144]), "7.80B to 8.50B"));

    [Fact]
    public void A_shape_is_what_pruning_to_it_gives()
    {
        var teacher = Nemotron;
        foreach (var candidate in ShapeSearch.Enumerate(teacher, Table12([32, 48], [4096, 4608]), []))
            Assert.Equal(new PruneTarget { Sizes = ShapeName.ThoseThere(candidate.Sizes) }.Apply(teacher), candidate.Shape);
    }

    [Fact]
    public void A_million_and_more_are_walked_through_and_none_is_held()
    {
        var teacher = Nemotron;
        var space = new SearchSpace
        {
            Sizes = new()
            {
                [Axis.Layers] = SizeRange.Parse(["1-32"]),
                [Axis.Heads] = [8, 16, 24, 32, 40, 48],
                [Axis.Ffn] = SizeRange.Parse(["64-24576 step 256"]),
                [Axis.Hidden] = SizeRange.Parse(["64-6144 step 96"]),
            },
            Multiple = 1
        };
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (count, held) = (0L, 0L);
        foreach (var candidate in ShapeSearch.Enumerate(teacher, space, [new ParametersConstraint(Budget.OfCount("<= 16B"))]))
            if (++count % 500_000 == 0)
                held = Math.Max(held, GC.GetTotalMemory(forceFullCollection: true) - before);
        Assert.Equal(32L * 6 * 96 * 64, count);
        Assert.True(held < 4 << 20, $"{held} bytes were held in the midst of {count} candidates");
    }

    [Fact]
    public void What_nobody_asks_for_is_not_computed()
    {
        var endless = new SearchSpace
        {
            Sizes = new()
            {
                [Axis.Layers] = SizeRange.Parse(["1-32"]),
                [Axis.Ffn] = SizeRange.Parse(["1-24576 step 3"]),
                [Axis.Hidden] = SizeRange.Parse(["1-6144"]),
            },
            Multiple = 1
        };
        var measured = 0;
        var found = ShapeSearch.Enumerate(Nemotron, endless, [new Counting(() => measured++)]).Take(3).ToArray();
        Assert.Equal((3, 3), (found.Length, measured));
    }

    [Fact]
    public void An_axis_that_is_not_named_stays_and_the_teacher_is_no_candidate()
    {
        var found = ShapeSearch.Enumerate(Quickstart, new() { Sizes = new() { [Axis.Hidden] = [192, 256] } }, []).Single();
        Assert.Equal("8/8/768/192", found.Name);
    }

    [Theory]
    [InlineData("heads", 6, "search.heads is 6; it must be a multiple of the 4 KV heads, at most 8: the nearest valid size is 4")]
    [InlineData("heads", 16, "search.heads is 16; it must be a multiple of the 4 KV heads, at most 8: the nearest valid size is 4")]
    [InlineData("hidden", 0, "search.hidden is 0; it must be between 1 and the teacher's 256: the nearest valid size is 64")]
    [InlineData("hidden", 320, "search.hidden is 320; it must be between 1 and the teacher's 256: the nearest valid size is 192")]
    [InlineData("hidden", 200,
        "search.hidden is 200; it must be a multiple of 64, the width of matrix units: the nearest valid size is 192")]
    [InlineData("ffn", 832, "search.ffn is 832; it must be between 1 and the teacher's 768: the nearest valid size is 704")]
    [InlineData("layers", 9, "search.layers is 9; it must be between 1 and the teacher's 8: the nearest valid size is 7")]
    public void An_illegal_size_is_named_with_the_nearest_one_that_cuts_something(string axis, int size, string expected)
    {
        var space = axis switch
        {
            "heads" => new SearchSpace { Sizes = new() { [Axis.Heads] = [size] } },
            "hidden" => new() { Sizes = new() { [Axis.Hidden] = [size] } },
            "ffn" => new() { Sizes = new() { [Axis.Ffn] = [size] } },
            _ => new() { Sizes = new() { [Axis.Layers] = [size] } },
        };
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => ShapeSearch.Enumerate(Quickstart, space, [])).Message);
    }

    [Fact]
    public void A_budget_that_nothing_keeps_to_is_answered_with_the_nearest_shapes()
    {
        var space = new SearchSpace { Sizes = new() { [Axis.Hidden] = [64, 128, 192], [Axis.Ffn] = [256, 512] } };
        var constraint = new NonEmbeddingConstraint(Budget.OfCount("3.2M to 3.3M"));
        var nearest = ShapeSearch.Enumerate(Quickstart, space, [])
            .OrderBy(candidate => constraint.Budget.Distance(candidate.NonEmbeddingParameters)).First();
        var message = Assert.Throws<EspalierException>(() => ShapeSearch.Enumerate(Quickstart, space, [constraint]).ToArray()).Message;
        Assert.Contains("none of the 6 shapes meets non-embedding-parameters 3200000 to 3300000", message);
        Assert.Contains(
            $"The nearest (layers/heads/ffn/hidden): {nearest.Name} with non-embedding-parameters {nearest.NonEmbeddingParameters} (",
            message);
    }

    [Fact]
    public void A_grid_of_the_teacher_alone_is_refused() =>
        Assert.Contains("no shape but the teacher's own",
            Assert.Throws<EspalierException>(() => ShapeSearch.Enumerate(Quickstart, new() { Sizes = new() { [Axis.Hidden] = [256] } }, [])
                .ToArray()).Message);

    [Fact]
    public void Every_constraint_measures_its_own_quantity()
    {
        var candidate = new Candidate(new PruneTarget { Hidden = 192, Ffn = 512 }.Apply(Quickstart));
        var any = new Budget(0, 1);
        Assert.Equal(candidate.Shape.Parameters, new ParametersConstraint(any).Of(candidate));
        Assert.Equal(candidate.Shape.NonEmbeddingParameters, new NonEmbeddingConstraint(any).Of(candidate));
        Assert.Equal(candidate.Shape.ForwardFlopsPerToken(256), new FlopsConstraint(any, 256).Of(candidate));
        // Keys and values of 8 layers, 4 heads of 32, for 3 sequences of 100 positions, all in two bytes.
        Assert.Equal(2 * candidate.Shape.Parameters + 2L * 8 * 4 * 32 * 2 * 100 * 3, new MemoryConstraint(any, 2, 100, 3).Of(candidate));
        using var latency = new LatencyFile((_, positions, isDecode) => new(isDecode ? 1 : 10, positions, 0.5));
        Assert.Equal(8 * 10 + 100 + 0.5, new PrefillConstraint(any, latency.Table, 100).Of(candidate));
        Assert.Equal(8 * 1 + 100 + 0.5, new DecodeConstraint(any, latency.Table, 100).Of(candidate));
    }

    [Fact]
    public void Nothing_is_measured_for_a_shape_that_is_too_large_already()
    {
        using var latency = new LatencyFile((_, _, _) => new(1, 1, 1));
        var space = new SearchSpace { Sizes = new() { [Axis.Hidden] = [64, 128, 192] } };
        Assert.Throws<EspalierException>(() =>
            ShapeSearch.Enumerate(Quickstart, space,
                [new ParametersConstraint(Budget.OfCount("<= 10")), new DecodeConstraint(Budget.OfSeconds("<= 1s"), latency.Table, 8)])
                    .ToArray());
        Assert.Equal(0, latency.Table.Count);
    }

    private sealed record Counting(Action Count) : Constraint(new Budget(0, 1))
    {
        public override string Name => "counting";

        public override double Of(Candidate candidate)
        {
            Count();
            return 1;
        }
    }
}
