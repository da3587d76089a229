using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Redundancy and chance.</summary>
public sealed class ControlScoresTests : TorchTest
{
    [Theory]
    [InlineData(8)]
    [InlineData(3)]
    public void Redundancy_is_one_minus_the_cosines_of_activations_over_all_positions(int batch)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        var scores = Score(model, ScoreMethod.Redundancy, batch);
        var (neurons, heads) = Activations(model, layer: 2);
        var config = model.Config;
        Compare(Expected(neurons, config.IntermediateSize), scores.Units[Axis.Ffn]![2], "neurons");
        Compare(Expected(heads, config.GroupSize), scores.Units[Axis.Heads]![2], "heads");

        var activation = Score(model, ScoreMethod.Activation, 8);
        Compare(activation.Units[Axis.Hidden]![0], scores.Units[Axis.Hidden]![0], "channels");
        Compare(activation.BlockInfluence[1], scores.BlockInfluence[1], "layers");
        Assert.Equal("redundancy (l2, mean)", scores.How);
    }

    [Fact]
    public void A_neuron_that_was_made_a_copy_of_another_is_the_first_to_go()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        // Neuron 7 of layer 1 becomes neuron 50, with half of its size.
        CopyRow(model, ParameterRole.GateProjection, 1, from: 50, to: 7, 1);
        CopyRow(model, ParameterRole.UpProjection, 1, from: 50, to: 7, 0.5);
        var neurons = Score(model, ScoreMethod.Redundancy, 8).Units[Axis.Ffn]!;
        Assert.Equal(0, neurons[1][7], 1e-12);
        Assert.Equal(7, Array.IndexOf(neurons[1], neurons[1].Min()));
        Assert.True(neurons[1][50] > 1e-3, $"the other copy has {neurons[1][50]}");
    }

    [Fact]
    public void Chance_repeats_with_its_seed_runs_no_model_and_says_which_seed_it_was()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"), requireWeights: false);
        ImportanceScores Random(long seed) =>
            ImportanceScorer.Run(teacher, null, new() { Method = ScoreMethod.Random, Seed = seed, SpanWidths = [2] },
                NullProgress.Instance);
        var (first, again, other) = (Random(3), Random(3), Random(4));
        Assert.Equal(first.Units[Axis.Ffn]!, again.Units[Axis.Ffn]!);
        Assert.Equal(first.BlockInfluence[2], again.BlockInfluence[2]);
        Assert.NotEqual(first.Units[Axis.Hidden]![0], other.Units[Axis.Hidden]![0]);
        Assert.Equal((3L, "random, seed 3"), (first.Seed, first.How));
        Assert.All(first.Units[Axis.Heads]!.SelectMany(layer => layer), score => Assert.InRange(score, 0, 1));
    }

    private static ImportanceScores Score(Decoder model, ScoreMethod method, int batch) =>
        ImportanceScorer.Run(model, Windows(), new() { Method = method, Samples = 8, Batch = batch }, NullProgress.Instance);

    private static WindowSet Windows()
    {
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        return new(TokenIds.FromList(calibration.Longs("input_ids").Select(id => (int)id), "calibration", 128), 31);
    }

    /// <summary>A vector for each neuron and each head, over all positions of one pass.</summary>
    private static (double[][] Neurons, double[][] Heads) Activations(Decoder model, int layer)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (inputs, targets) = (new long[8 * 31], new long[8 * 31]);
        for (var i = 0; i < 8; i++)
            Windows().Read(i, inputs.AsSpan(i * 31, 31), targets.AsSpan(i * 31, 31));
        var (config, neurons, heads) = (model.Config, Array.Empty<double[]>(), Array.Empty<double[]>());
        model.Forward(Tensor.From<long>(inputs, 8, 31), (point, at, value) =>
        {
            if (at != layer)
                return;
            if (point == TapPoint.MlpIntermediate)
                neurons = Columns(GoldenTensors.DoublesOf(value), config.IntermediateSize, 1);
            if (point == TapPoint.AttentionOutput)
                heads = Columns(GoldenTensors.DoublesOf(value), config.QueryHeads, config.HeadDim);
        });
        return (neurons, heads);
    }

    private static double[][] Columns(double[] values, int units, int entries) =>
        [.. Enumerable.Range(0, units).Select(unit => values.Where((_, i) => i / entries % units == unit).ToArray())];

    private static double[] Expected(double[][] vectors, int group) => Elimination.Scores(
        [.. vectors.SelectMany(a => vectors.Select(b => a.Zip(b, (x, y) => x * y).Sum()))], vectors.Length, group);

    private static void Compare(double[] expected, double[] actual, string what) =>
        GoldenTensors.AssertClose(expected, actual, 1e-10, 1e-9, what);

    private static void CopyRow(Decoder model, ParameterRole role, int layer, int from, int to, double factor)
    {
        var weight = model.Parameters.Single(named => named.Parameter == new Parameter(role, layer)).Value;
        var (values, width) = (weight.ToArray<double>(), (int)weight.Size(1));
        for (var i = 0; i < width; i++)
            values[to * width + i] = factor * values[from * width + i];
        weight.CopyFrom<double>(values);
    }
}
