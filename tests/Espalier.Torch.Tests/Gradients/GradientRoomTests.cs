using Espalier.Tests;
using Espalier.Torch.Gradients;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Tests.Gradients;

/// <summary>Gradients that are gathered in the memory of those before them.</summary>
public sealed unsafe class GradientRoomTests : TorchTest
{
    private static Tensor Wave(int seed, params ReadOnlySpan<long> sizes)
    {
        var count = 1L;
        foreach (var size in sizes)
            count *= size;
        return Tensor.From<float>([.. Enumerable.Range(0, (int)count).Select(i => MathF.Sin(i * 0.7f + seed))], sizes);
    }

    private static void Step(Tensor weight, int seed) => Wave(seed, 2, 24, 64).Linear(weight).Backward(Wave(seed + 1, 2, 24, 96));

    private static nint AddressOfGradient(Tensor weight)
    {
        var native = weight.Accumulated!.Hold();
        try
        {
            return (nint)Espalier.Torch.Native.TensorFacts.Data(native);
        }
        finally
        {
            weight.Accumulated!.Release();
        }
    }

    [Fact]
    public void A_gradient_has_the_memory_of_the_one_before_and_the_bits_of_a_new_one()
    {
        using var own = Products.Using(ProductLibrary.Own);
        using Tensor kept = Wave(1, 96, 64).Unscoped(), plain = Wave(1, 96, 64).Unscoped();
        kept.RequiresGrad = plain.RequiresGrad = true;
        nint there = 0;
        foreach (var seed in new[] { 3, 4, 5 })
        {
            using var scope = TensorScope.Begin();
            kept.RenewGrad();
            plain.SetGrad(null);
            Assert.False(kept.HasGrad);
            for (var pass = 0; pass < 2; pass++)
            {
                Step(kept, seed + 10 * pass);
                Step(plain, seed + 10 * pass);
            }
            Assert.Equal(plain.Grad()!.ToArray<float>(), kept.Grad()!.ToArray<float>());
            there = there == 0 ? AddressOfGradient(kept) : there;
            Assert.Equal(there, AddressOfGradient(kept));
        }
    }

    [Fact]
    public void Who_has_a_handle_on_a_gradient_keeps_its_values()
    {
        using var weight = Wave(1, 96, 64).Unscoped();
        weight.RequiresGrad = true;
        using (TensorScope.Begin())
        {
            weight.RenewGrad();
            Step(weight, 3);
        }
        using var held = weight.Grad()!.Unscoped();
        var before = held.ToArray<float>();
        weight.RenewGrad();
        using (TensorScope.Begin())
            Step(weight, 4);
        Assert.Equal(before, held.ToArray<float>());
        using var after = weight.Grad()!.Unscoped();
        Assert.NotEqual(before, after.ToArray<float>());
    }

    [Fact]
    public void A_gradient_that_comes_another_way_is_taken_and_no_memory_is_kept_for_the_next()
    {
        using var weight = Wave(1, 96, 64).Unscoped();
        weight.RequiresGrad = true;
        using var scope = TensorScope.Begin();
        weight.RenewGrad();
        weight.Mul(2).Sum().Backward();
        Assert.All(weight.Grad()!.ToArray<float>(), value => Assert.Equal(2, value));
        weight.RenewGrad();
        Assert.False(weight.HasGrad);
        weight.Mul(3).Sum().Backward();
        Assert.All(weight.Grad()!.ToArray<float>(), value => Assert.Equal(3, value));
    }

    [Fact]
    public void An_embeddings_gradient_begins_with_zeros_in_that_memory()
    {
        using var table = Wave(1, 96, 64).Unscoped();
        table.RequiresGrad = true;
        var ids = new long[] { 3, 5, 3 };
        foreach (var _ in new[] { 1, 2 })
        {
            using var scope = TensorScope.Begin();
            table.RenewGrad();
            table.Embedding(Tensor.From<long>(ids, 3)).Backward(Tensor.Full(1, DType.Float32, 3, 64));
            var rows = table.Grad()!.ToArray<float>();
            Assert.Equal([2f, 0, 1], new[] { rows[3 * 64], rows[4 * 64], rows[5 * 64 + 63] });
            Assert.Equal(3 * 64, rows.Sum());
        }
    }
}
