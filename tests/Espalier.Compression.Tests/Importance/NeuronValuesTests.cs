using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

public sealed class NeuronValuesTests : TorchTest
{
    private const int Samples = 4, Sequence = 16;

    [Theory]
    [InlineData("llama-3.1", ParameterRole.GateProjection)]
    [InlineData("nemotron", ParameterRole.UpProjection)]
    public void The_pre_activation_is_what_the_first_projection_makes_of_the_normed_stream(string family, ParameterRole first)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float64);
        var scores = Score(model, NeuronValues.PreActivation);
        Assert.Equal(NeuronValues.PreActivation, scores.NeuronValues);
        for (var layer = 0; layer < model.Config.Layers; layer++)
            GoldenTensors.AssertClose(ByHand(model, layer, m_BTD => m_BTD.Linear(Weight(model, first, layer))),
                scores.Units[Axis.Ffn]![layer], 0, 1e-9, $"layer {layer}");
    }

    [Fact]
    public void The_down_projections_input_is_behind_activation_and_gate()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", "llama-3.1"), DType.Float64);
        var scores = Score(model, NeuronValues.Intermediate);
        var expected = ByHand(model, 1, m_BTD =>
            m_BTD.Linear(Weight(model, ParameterRole.GateProjection, 1)).Silu()
                .Mul(m_BTD.Linear(Weight(model, ParameterRole.UpProjection, 1))));
        GoldenTensors.AssertClose(expected, scores.Units[Axis.Ffn]![1], 0, 1e-9, "layer 1");
    }

    [Fact]
    public void What_is_read_unless_told_otherwise_is_the_down_projections_input_and_only_neurons_depend_on_it()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", "nemotron"), DType.Float64);
        var (usual, before) = (Score(model, new ScoreOptions().Neurons), Score(model, NeuronValues.PreActivation));
        Assert.Equal(NeuronValues.Intermediate, usual.NeuronValues);
        Assert.NotEqual(usual.Units[Axis.Ffn]![0], before.Units[Axis.Ffn]![0]);
        Assert.Equal(usual.Units[Axis.Hidden]![0], before.Units[Axis.Hidden]![0]);
        Assert.Equal(usual.Units[Axis.Heads]!, before.Units[Axis.Heads]!);
    }

    private static Tensor Weight(Decoder model, ParameterRole role, int layer) =>
        model.Parameters.Single(named => named.Parameter == new Parameter(role, layer)).Value;

    private static WindowSet Windows(Decoder model) =>
        new(TokenIds.FromList(Enumerable.Range(0, Samples * (Sequence + 1)).Select(i => (i * 37 + i / 5) % model.Config.VocabularySize),
            "ids", model.Config.VocabularySize), Sequence);

    private static ImportanceScores Score(Decoder model, NeuronValues values) =>
        ImportanceScorer.Run(model, Windows(model), new() { Samples = Samples, Neurons = values }, NullProgress.Instance);

    /// <summary>√ over samples of the squared mean over positions of |value|, one sample at a time.</summary>
    private static double[] ByHand(Decoder model, int layer, Func<Tensor, Tensor> value)
    {
        var squares = new double[model.Config.IntermediateSize];
        using var noGrad = GradMode.Disable();
        for (var sample = 0; sample < Samples; sample++)
        {
            using var scope = TensorScope.Begin();
            var (inputs, targets) = (new long[Sequence], new long[Sequence]);
            Windows(model).Read(sample, inputs, targets);
            double[] values = [];
            model.Forward(Tensor.From<long>(inputs, 1, Sequence), (point, at, normed_BTD) =>
            {
                if (point == TapPoint.PostAttentionNorm && at == layer)
                    values = GoldenTensors.DoublesOf(value(normed_BTD));
            });
            for (var unit = 0; unit < squares.Length; unit++)
            {
                var mean = Enumerable.Range(0, Sequence).Average(position => Math.Abs(values[position * squares.Length + unit]));
                squares[unit] += mean * mean;
            }
        }
        return [.. squares.Select(Math.Sqrt)];
    }
}
