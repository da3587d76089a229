using Espalier.Tests;
using Espalier.Torch.Gradients;
using Espalier.Torch.Layers;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Tests.Gradients;

/// <summary>Results that are computed again on the way back, and not kept.</summary>
public sealed class RepeatedTests : TorchTest
{
    private static Tensor Wave(int seed, params ReadOnlySpan<long> sizes)
    {
        var count = 1L;
        foreach (var size in sizes)
            count *= size;
        return Tensor.From<float>([.. Enumerable.Range(0, (int)count).Select(i => MathF.Sin(i * 0.7f + seed))], sizes);
    }

    private static (Tensor Input, Tensor Made) Make(bool isNorm)
    {
        var x = Wave(1, 24, 64);
        x.RequiresGrad = true;
        return (x, isNorm ? x.RmsNorm(Wave(2, 64), 1e-5) : x.SiluMul(Wave(2, 24, 64)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_product_keeps_none_and_has_the_gradients_of_one_that_does(bool isNorm)
    {
        using var scope = TensorScope.Begin();
        Tensor first = Wave(3, 80, 64), second = Wave(4, 48, 64);
        first.RequiresGrad = second.RequiresGrad = true;
        float[][] Gradients(Func<Tensor, Tensor> between, out bool isKept)
        {
            using var inner = TensorScope.Begin();
            first.SetGrad(null);
            second.SetGrad(null);
            var (x, made) = Make(isNorm);
            made = between(made);
            var sum = made.Linear(first).Sum().Add(made.Linear(second).Square().Sum());
            made.Dispose();
            isKept = made.IsHeld;
            sum.Backward();
            return [x.Grad()!.ToArray<float>(), first.Grad()!.ToArray<float>(), second.Grad()!.ToArray<float>()];
        }
        var without = Gradients(made => made, out var isKept);
        Assert.False(isKept);
        // A view is what nobody can compute again.
        var with = Gradients(made => made.View(24, 64), out isKept);
        Assert.True(isKept);
        Assert.Equal(with, without);
    }

    [Fact]
    public void What_was_written_before_it_was_read_is_kept()
    {
        using var scope = TensorScope.Begin();
        var weight = Wave(3, 80, 64);
        weight.RequiresGrad = true;
        var (_, made) = Make(isNorm: true);
        float[] read;
        using (GradMode.Disable())
        {
            made.MulInPlace(2);
            read = made.ToArray<float>();
        }
        made.Linear(weight).Sum().Backward();
        for (var i = 0; i < 64; i++)
            Assert.Equal(Enumerable.Range(0, 24).Sum(row => (double)read[row * 64 + i]), weight.Grad()!.ToArray<float>()[i], 1e-4);
    }
}
