using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>A head whose logits are divided and softly capped: its gradient by chunks is that of the whole graph.</summary>
public sealed class LogitShapeTests : TorchTest
{
    [Theory]
    [InlineData(1, null)]
    [InlineData(3, null)]
    [InlineData(1, 1.5)]
    [InlineData(2.5, 0.8)]
    public void Gradients_of_chunks_are_those_of_the_graph(double divisor, double? cap)
    {
        using var scope = TensorScope.Begin();
        Tensor Values(int seed, params long[] shape) =>
            Tensor.From<double>([.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(i => 2 * Math.Sin(seed + 1.7 * i))],
                shape);
        Tensor hidden_ND = Values(1, 37, 6), weight_VD = Values(2, 20, 6);
        var targets_N = Tensor.From<long>([.. Enumerable.Range(0, 37).Select(i => (long)(i * 7 % 11))], 37);
        var head = new LmHead(weight_VD) { Divisor = divisor, Cap = cap };
        weight_VD.RequiresGrad = hidden_ND.RequiresGrad = true;
        // The first entries alone, so that Over is passed too.
        var logits = head.First(11).Logits(hidden_ND);
        var byHand = hidden_ND.Linear(weight_VD).Slice(1, 0, 11).Div(divisor);
        GoldenTensors.AssertClose(GoldenTensors.DoublesOf(cap is { } c ? byHand.Div(c).Tanh().Mul(c) : byHand),
            GoldenTensors.DoublesOf(logits), 1e-12, 0, "logits");
        logits.TokenNllByParts(targets_N).Sum().Mul(0.25).Backward();
        var (expected, ofWeight) = (GoldenTensors.DoublesOf(hidden_ND.Grad()!), GoldenTensors.DoublesOf(weight_VD.Grad()!));
        weight_VD.SetGrad(null);

        var (sums, gradient_ND) = head.First(11).Backward(hidden_ND.Detach(), 1, 0.25, (logits_CV, start, end) =>
        {
            var slope_CV = logits_CV.Softmax(-1);
            var targets_C = targets_N.Slice(0, start, end);
            var nll_C = logits_CV.TokenNllByParts(targets_C);
            slope_CV.ScatterAddInPlace(1, targets_C.Unsqueeze(-1), Tensor.Full(-1, DType.Float64, end - start, 1));
            // A loss may overwrite the logits.
            logits_CV.ZeroInPlace();
            return (nll_C, slope_CV);
        }, chunk: 16);
        Assert.Equal(logits.TokenNllByParts(targets_N).Sum().Item(), sums[0], 1e-9);
        GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(gradient_ND), 1e-10, 0, "hidden");
        GoldenTensors.AssertClose(ofWeight, GoldenTensors.DoublesOf(weight_VD.Grad()!), 1e-10, 0, "weight");
    }
}
