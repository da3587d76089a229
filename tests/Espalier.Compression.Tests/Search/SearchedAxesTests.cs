using System.Text.Json.Serialization.Metadata;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Search;

/// <summary>What a search does along every axis that it may cut, also along those that come later.</summary>
public sealed class SearchedAxesTests
{
    public static TheoryData<string> Families => new("llama-3.1", "qwen3-moe", "qwen3-moe-mixed", "qwen3-5", "qwen3-next", "nemotron-h");

    private static DecoderConfig Config(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family), requireWeights: false);
        return checkpoint.Config;
    }

    /// <summary>Half of its units: the same number of each group, or half of the groups where each has one.</summary>
    private static int HalfOf(Axis axis, DecoderConfig model)
    {
        var groups = axis.GroupSizeOf(model) > 1 && axis.Groups is { } inGroups ? inGroups.Of(model) : 1;
        return Math.Max(axis.LeastIn(model), axis.Of(model) / 2 / groups * groups);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_cut_along_one_axis_is_one_candidate_and_what_pruning_to_it_gives(string family)
    {
        var teacher = Config(family);
        foreach (var axis in Axis.Searched.Where(axis => axis.IsIn(teacher)))
        {
            var space = new SearchSpace { Sizes = new() { [axis] = [HalfOf(axis, teacher)] }, Multiple = 1 };
            var candidate = Assert.Single(space.Shapes(teacher));
            Assert.Equal(HalfOf(axis, teacher), candidate.Sizes[axis]);
            Assert.Equal(new PruneTarget { Sizes = ShapeName.ThoseThere(candidate.Sizes), Multiple = 1 }.Apply(teacher), candidate.Shape);
            Assert.Equal(candidate.Keys.Split('/').Length, candidate.Name.Split('/').Length);
            Assert.Contains(axis.Key, candidate.Keys.Split('/'));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Layers_that_differ_in_a_size_are_timed_apart(string family)
    {
        var teacher = Config(family);
        foreach (var axis in Axis.Searched.Where(axis => axis != Axis.Layers && axis.IsIn(teacher)))
        {
            using var latency = new LatencyFile((_, _, _) => new(1, 1, 1));
            _ = latency.Table.Prefill(new(teacher), 8);
            var before = latency.Table.Count;
            _ = latency.Table.Prefill(new(axis.With(teacher, HalfOf(axis, teacher))), 8);
            Assert.True(latency.Table.Count > before, $"{axis} of {family}");
        }
    }

    [Fact]
    public void Json_has_a_field_for_each_size_in_the_place_of_all_of_them()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SizeFieldsAttribute.Spread } },
        };
        var candidate = new Candidate(Config("qwen3-moe"));
        var asKeys = JsonSerializer.Serialize(new AsKeys { Before = 1, Sizes = candidate.Sizes, After = 2 }, options);
        // Neurons of the feed-forward block are 0: experts stand in place of it.
        Assert.Equal("""{"before":1,"layers":3,"heads":4,"ffn":0,"hidden":40,"experts":6,"expert_ffn":24,"after":2}""", asKeys);
        Assert.Equal(candidate.Sizes, JsonSerializer.Deserialize<AsKeys>(asKeys, options)!.Sizes);
        var asConfig = JsonSerializer.Serialize(new AsConfig { Sizes = Axis.SizesOf(candidate.Shape) }, options);
        Assert.Equal("""{"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":0,"hidden_size":40,"num_experts":6,"""
            + """
            "moe_intermediate_size":24,"num_key_value_heads":2}
            """, asConfig);
    }

    private sealed record AsKeys
    {
        public int Before { get; init; }

        [SizeFields]
        public required PerAxis<int?> Sizes { get; init; }

        public int After { get; init; }
    }

    private sealed record AsConfig
    {
        [SizeFields(AsInConfig = true)]
        public required PerAxis<int?> Sizes { get; init; }
    }
}
