using Espalier.Models;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>
/// Passes through a decoder whose tensor objects serve again, against the same without: a use after disposal, which would read another
/// tensor where objects serve again, is an error where they do not.
/// </summary>
public sealed class SpareTensorsTests : TorchTest
{
    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("llama-3.2-tied")]
    [InlineData("mistral")]
    [InlineData("mistral-nemo")]
    [InlineData("nemotron")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void Gradients_have_the_same_bits_whether_objects_serve_again_or_not(string family)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float32);
        model.RequiresGrad = true;
        foreach (var compute in Enum.GetValues<ComputeType>())
            foreach (var checkpointing in new[] { false, true })
            {
                (model.Compute, model.ActivationCheckpointing) = (compute, checkpointing);
                var again = Steps(model);
                GuardMode.IsOn = true;
                try
                {
                    Assert.Equal(again, Steps(model));
                }
                finally
                {
                    GuardMode.IsOn = false;
                }
            }
    }

    /// <summary>Three steps, so that objects have served before; documents in the second. All gradients and hidden states.</summary>
    private static float[] Steps(Decoder model)
    {
        var found = new List<float>();
        for (var step = 0; step < 3; step++)
        {
            using var scope = TensorScope.Begin();
            var ids_BT = Tensor.From<long>([1, 5, 2, 7, 3, 4, 6, 2, 9, 8, 1, 3], 2, 6);
            long[]? places = step == 1 ? [0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 3, 4] : null;
            using var pass = model.Train(ids_BT, places: places);
            found.AddRange(pass.Hidden.ToArray<float>());
            var hidden_ND = pass.Hidden.View(12, -1);
            var (sums, gradient_ND) = model.Head.Backward(
                hidden_ND, 1, 0.5, (logits_CV, start, end) => (logits_CV.Widened().Sum([-1]), logits_CV.Mul(1e-2)));
            found.AddRange(sums.Select(sum => (float)sum));
            var told = 0;
            pass.Backward(gradient_ND.View(2, 6, -1), complete: leaf => found.Add((float)leaf.Grad()!.SumOfSquares() + told++));
            foreach (var (_, value) in model.Parameters)
            {
                found.AddRange(value.Grad()!.ToArray<float>());
                value.SetGrad(null);
            }
        }
        return [.. found];
    }
}
