using Espalier.Models;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>A pass that computes blocks twice against the pass that keeps its graph: loss and every gradient, bit for bit.</summary>
public sealed class CheckpointedPassTests : TorchTest
{
    [Theory]
    [InlineData("pruning", "teacher", DType.Float32)]
    [InlineData("pruning", "teacher", DType.Float64)]
    [InlineData("families", "nemotron", DType.Float32)]
    [InlineData("families", "qwen3-5", DType.Float32)]
    [InlineData("families", "gpt-oss", DType.Float32)]
    [InlineData("families", "gpt-oss", DType.Float64)]
    public void Output_and_gradients_have_the_same_bits(string part, string name, DType dtype)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden(part, name), dtype);
        model.RequiresGrad = true;
        Same(Step(model, false, []), Step(model, true, []));
    }

    [Fact]
    public void Tapped_values_are_the_same_and_their_gradients_arrive()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        model.RequiresGrad = true;
        TapPlace[] places =
        [
            new(TapPoint.Embedding, -1), new(TapPoint.BlockInput, 0), new(TapPoint.InputNorm, 4), new(TapPoint.AttentionOutput, 1),
            new(TapPoint.PostAttentionNorm, 2),
            new(TapPoint.MlpIntermediate, 3), new(TapPoint.BlockOutput, 5), new(TapPoint.FinalNorm, -1),
        ];
        var kept = Step(model, false, places);
        var again = Step(model, true, places);
        Assert.Equal(kept[0], again[0]);
        foreach (var (a, b) in kept.Zip(again))
            GoldenTensors.AssertClose(a, b, 1e-12 * a.Select(Math.Abs).DefaultIfEmpty().Max(), 0, "gradient");

        // It can fail: without the tapped gradients the parameters' are others.
        Assert.NotEqual(Step(model, true, [])[1], again[1]);
        for (var left = 0; left < places.Length; left++)
            Assert.Contains(Step(model, true, [.. places.Where((_, i) => i != left)])[1..].Zip(again[1..]),
                pair => pair.First.Zip(pair.Second).Any(x => Math.Abs(x.First - x.Second) > 1e-9));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(6)]
    public void Frozen_parts_below_are_not_gone_back_through(int lowest)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        foreach (var (parameter, value) in model.Parameters)
            value.RequiresGrad = parameter.Role == ParameterRole.Embedding ? lowest < 0 : parameter.Layer < 0 || parameter.Layer >= lowest;
        var (kept, again) = (Step(model, false, []), Step(model, true, []));
        Same(kept, again);
        Assert.Contains(kept, values => values.Length == 0 == lowest >= 0);
    }

    /// <summary>Each trained parameter once, with the gradient that it has at the end, and the upper blocks before the lower.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parameters_are_told_of_when_their_gradients_are_complete(bool checkpointing)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        model.RequiresGrad = true;
        model.Embedding.RequiresGrad = false;
        model.ActivationCheckpointing = checkpointing;
        using var scope = TensorScope.Begin();
        using var pass = model.Train(Tensor.From<long>([1, 2, 3, 4], 1, 4));
        var told = new List<(Tensor Value, double[] Gradient)>();
        pass.Backward(pass.Hidden, complete: value => told.Add((value, GoldenTensors.DoublesOf(value.Grad()!))));

        var trained = model.Parameters.Where(p => p.Value.RequiresGrad && p.Value != model.Head.Weight).ToArray();
        Assert.Equal(trained.Select(p => p.Value).ToHashSet(), told.Select(t => t.Value).ToHashSet());
        Assert.Equal(trained.Length, told.Count);
        Assert.All(told, t => Assert.Equal(GoldenTensors.DoublesOf(t.Value.Grad()!), t.Gradient));
        var layers = told.Select(t => trained.First(p => p.Value == t.Value).Parameter.Layer).Where(layer => layer >= 0).ToArray();
        Assert.Equal(layers.OrderDescending(), layers);
        foreach (var (_, value) in model.Parameters)
            value.SetGrad(null);
    }

    private static void Same(double[][] kept, double[][] again)
    {
        foreach (var (a, b) in kept.Zip(again))
            Assert.Equal(a, b);
    }

    /// <summary>The output, then the gradient of each parameter; empty where it got none.</summary>
    private static double[][] Step(Decoder model, bool checkpointing, TapPlace[] places)
    {
        using var scope = TensorScope.Begin();
        foreach (var (_, value) in model.Parameters)
            value.SetGrad(null);
        model.ActivationCheckpointing = checkpointing;
        var ids_BT = Tensor.From<long>([.. Enumerable.Range(0, 24).Select(i => 5L * i % 96)], 2, 12);
        using var pass = model.Train(ids_BT, places);
        var hidden = pass.Hidden;
        pass.Backward(hidden.Mul(0.1).Add(0.01),
            [.. places.Select(place => KeyValuePair.Create(place, pass.Tapped(place).Mul(0.2).Add(0.03)))]);
        var results = new List<double[]> { GoldenTensors.DoublesOf(hidden) };
        foreach (var (_, value) in model.Parameters)
            results.Add(value.Grad() is { } gradient ? GoldenTensors.DoublesOf(gradient) : []);
        foreach (var (_, value) in model.Parameters)
            value.SetGrad(null);
        return [.. results];
    }
}
