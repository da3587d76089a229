using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Layers that differ: windows, caps and scales of their own, over the weights of a golden model.</summary>
public sealed class LayerKindsTests : TorchTest
{
    private static readonly LayerKinds s_mixed = LayerKinds.Of(
    [
        new() { SlidingWindow = 5, ScoreCap = 1.5 },
        new() { IsRotary = false, AttentionScale = 0.4 },
        new() { SlidingWindow = 9 },
    ]);

    [Fact]
    public void Kinds_that_are_alike_are_one_and_kinds_are_equal_by_value()
    {
        Assert.Equal(LayerKinds.All(new()), LayerKinds.Of([new(), new(), new()]));
        Assert.True(LayerKinds.Of([new(), new()]).AreAlike);
        Assert.Equal(new LayerKind { SlidingWindow = 9 }, s_mixed.At([0, 2])[1]);
        Assert.NotEqual(s_mixed, s_mixed.At([2, 1, 0]));
        Assert.Equal(s_mixed, LayerKinds.Of([.. s_mixed]));
        Assert.Equal(s_mixed.GetHashCode(), LayerKinds.Of([.. s_mixed]).GetHashCode());
    }

    [Fact]
    public void A_plan_keeps_the_kinds_of_the_layers_that_stay()
    {
        var teacher = Mixed();
        Assert.Equal(s_mixed.At([1, 2]), PruningPlan.OfLayers(teacher, [1, 2], "").Apply(teacher).LayerKinds);
        // Where nobody says which layers stay, the first ones give the count.
        Assert.Equal(s_mixed.At([0, 1]), new PruneTarget { Layers = 2 }.Apply(teacher).LayerKinds);
        var wrong = Assert.Throws<EspalierException>(() => (teacher with { Layers = 2 }).Validate("config.json"));
        Assert.Equal("config.json: 3 kinds of layers are given, but num_hidden_layers is 2", wrong.Message);
    }

    [Fact]
    public void Counts_and_operations_are_those_of_each_layer()
    {
        var teacher = Mixed();
        var gated = teacher with { LayerKinds = LayerKinds.All(new()) };
        Assert.Equal(gated.Parameters, teacher.Parameters);
        var plain = teacher
            with
        {
            LayerKinds =
                LayerKinds.Of([new(), new() { Activation = ActivationKind.SquaredRelu }, new() { Norms = NormPlacement.Both }])
        };
        Assert.Equal(
            gated.Parameters - (long)teacher.IntermediateSize * teacher.HiddenSize + 2L * teacher.HiddenSize, plain.Parameters);
        // By hand: keys that the tokens of a window of 12 see with each layer's window.
        var seen = new[] { 5, 12, 9 }.Select(window => Enumerable.Range(1, 12).Average(t => Math.Min(t, window))).Sum();
        var all = 3 * Enumerable.Range(1, 12).Average();
        Assert.Equal(
            gated.ForwardFlopsPerToken(12) - 4.0 * teacher.QueryHeads * teacher.HeadDim * (all - seen), teacher.ForwardFlopsPerToken(12),
            1e-6);
    }

    /// <summary>The kernels in float32 against operators in float64, with gradients; and without the middle layer.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_layer_attends_as_its_kind_says(bool packed)
    {
        using var scope = TensorScope.Begin();
        var places = packed ? Enumerable.Range(0, 2 * 24).Select(i => (long)(i % 24) % 14).ToArray() : null;
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 2 * 24).Select(i => (long)(i * 37 % 101))], 2, 24);
        using var wide = Load(Mixed(), DType.Float64, [0, 1, 2]);
        using var single = Load(Mixed(), DType.Float32, [0, 1, 2]);
        AssertSame(wide, single);
        using var usual = Load(Mixed() with { LayerKinds = LayerKinds.All(new()) }, DType.Float64, [0, 1, 2]);
        Assert.True(Logits(usual).Zip(Logits(wide)).Max(pair => Math.Abs(pair.First - pair.Second)) > 0.5);

        var plan = PruningPlan.OfLayers(Mixed(), [0, 2], "");
        using var shallow = Load(plan.Apply(Mixed()), DType.Float32, [0, 2]);
        using var byHand = Load(Mixed() with { Layers = 2, LayerKinds = LayerKinds.Of([s_mixed[0], s_mixed[2]]) }, DType.Float64, [0, 2]);
        AssertSame(byHand, shallow);

        double[] Logits(Decoder model) => GoldenTensors.DoublesOf(model.Logits(model.Forward(ids, places: places)));

        void AssertSame(Decoder expected, Decoder actual)
        {
            GoldenTensors.AssertClose(Logits(expected), Logits(actual), 2e-4, 0, "logits");
            foreach (var model in (Decoder[])[expected, actual])
            {
                model.RequiresGrad = true;
                model.Logits(model.Forward(ids, places: places)).Square().Mean().Backward();
            }
            foreach (var (one, other) in expected.Parameters.Zip(actual.Parameters))
            {
                var values = GoldenTensors.DoublesOf(one.Value.Grad()!);
                GoldenTensors.AssertClose(values, GoldenTensors.DoublesOf(other.Value.Grad()!), 1e-3 * values.Max(Math.Abs), 0,
                    $"{one.Parameter}");
            }
        }
    }

    private static DecoderConfig Mixed()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "mistral-nemo"), requireWeights: false);
        return checkpoint.Config with { LayerKinds = s_mixed };
    }

    private static Decoder Load(DecoderConfig config, DType dtype, int[] layers)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "mistral-nemo"));
        using var whole = DecoderWeights.Load(checkpoint, dtype);
        return new(config,
            whole.Parameters.Where(pair => pair.Parameter.Layer < 0 || layers.Contains(pair.Parameter.Layer))
                .Select(pair => KeyValuePair.Create(
            pair.Parameter with { Layer = Array.IndexOf(layers, pair.Parameter.Layer) }, pair.Value.Clone())).ToArray());
    }
}
