using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Streaming;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Importance of experts and their neurons, against NumPy: tests/golden/experts.</summary>
public sealed class ExpertScoresTests : TorchTest
{
    private const int Samples = 2, Sequence = 23;

    public static TheoryData<string> Families => ["gpt-oss", "mixtral", "olmoe", "qwen3-moe", "qwen3-moe-mixed"];

    [Theory, MemberData(nameof(Families))]
    public void Experts_and_their_neurons_are_worth_what_numpy_says(string family)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("experts", $"{family}.safetensors"));
        using var model = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float64);
        var (config, found) = (model.Config, 0);
        foreach (var values in Enum.GetValues<ExpertValues>())
        {
            var scores = ImportanceScorer.Run(model, Windows(family, config), Options(values), NullProgress.Instance);
            Assert.Equal(values, scores.ExpertValues);
            for (var layer = 0; layer < config.Layers; layer++)
            {
                var name = $"{values.ToString().ToLowerInvariant()}.{layer}";
                Assert.Equal(config.LayerKinds[layer].HasExperts, golden.Has(name));
                if (!golden.Has(name))
                {
                    Assert.All(scores.Units[Axis.Experts]![layer], score => Assert.Equal(0, score));
                    continue;
                }
                found++;
                GoldenTensors.AssertClose(golden.Doubles(name), scores.Units[Axis.Experts]![layer], 0, 1e-9, name);
                GoldenTensors.AssertClose(golden.Doubles($"neurons.{layer}"),
                    scores.Units[Axis.ExpertFfn]!.Skip(layer * config.Experts).Take(config.Experts).SelectMany(row => row).ToArray(), 0,
                    1e-9,
                    $"neurons.{layer}");
            }
        }
        Assert.Equal(2 * config.LayersWithExperts, found);
    }

    [Theory, MemberData(nameof(Families))]
    public void Scores_are_the_same_layer_by_layer_and_come_back_from_their_file(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var folder = new TemporaryFolder();
        var windows = Windows(family, checkpoint.Config);
        ImportanceScores Of(bool stream) => new ScoringMemory(long.MaxValue, stream)
            .Score(checkpoint, windows, Options(ExpertValues.Mass), folder.Path, NullProgress.Instance);
        var (loaded, streamed) = (Of(false), Of(true));
        var file = Path.Combine(folder.Path, "scores.json");
        ScoresFile.Write(file, loaded);
        foreach (var other in new[] { streamed, ScoresFile.Read(file) })
        {
            Assert.Equal(ExpertValues.Mass, other.ExpertValues);
            foreach (var axis in loaded.Units.Axes)
                Assert.Equal(loaded.Units[axis]!, other.Units[axis]!);
            Assert.Equal(loaded.Units.Axes, other.Units.Axes);
            Assert.Equal(loaded.Routing!.Mass, other.Routing!.Mass);
            Assert.Equal(loaded.Routing.Nearness, other.Routing.Nearness);
        }
        Assert.Equal(checkpoint.Config.LayerKinds.Any(static kind => !kind.HasExperts), loaded.Units[Axis.Ffn] is not null);
    }

    [Fact]
    public void All_weights_of_an_expert_count_for_it_where_weights_are_added_up()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "mixtral"));
        var scores = MagnitudeScorer.Run(checkpoint, [], NullProgress.Instance);
        double Squares(string name, int from, int count) =>
            checkpoint.ReadFloat32(name).Skip(from).Take(count).Sum(value => (double)value * value);
        const string Block = "model.layers.1.block_sparse_moe";
        for (var expert = 0; expert < 5; expert++)
        {
            var expected = Squares($"{Block}.gate.weight", expert * 48, 48)
                + new[] { "w1", "w2", "w3" }.Sum(matrix => Squares($"{Block}.experts.{expert}.{matrix}.weight", 0, 40 * 48));
            Assert.Equal(Math.Sqrt(expected), scores.Units[Axis.Experts]![1][expert], 1e-9);
        }
        // A neuron: its rows of w1 and w3, its column of w2.
        var column = checkpoint.ReadFloat32($"{Block}.experts.3.w2.weight").Where((_, i) => i % 40 == 7)
            .Sum(value => (double)value * value);
        Assert.Equal(
            Math.Sqrt(Squares($"{Block}.experts.3.w1.weight", 7 * 48, 48) + Squares($"{Block}.experts.3.w3.weight", 7 * 48, 48) + column),
            scores.Units[Axis.ExpertFfn]![5 + 3][7], 1e-9);
    }

    private static ScoreOptions Options(ExpertValues values) =>
        new() { Samples = Samples, Batch = 2, Experts = values, Aggregator = new(Aggregation.L2, Aggregation.Mean) };

    private static WindowSet Windows(string family, DecoderConfig config)
    {
        using var golden = new GoldenTensors(Path.Combine(Fixtures.Golden("families", family), "golden.safetensors"));
        return new(TokenIds.FromList(golden.Longs("input_ids").Select(id => (int)id), "ids", config.VocabularySize), Sequence);
    }
}
