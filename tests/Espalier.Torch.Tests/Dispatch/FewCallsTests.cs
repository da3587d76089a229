using Espalier.Tests;

namespace Espalier.Torch.Tests.Dispatch;

/// <summary>What other devices than the processor get in few calls, against the same one tensor after the other; on the device of
/// <c>ESPALIER_DEVICE</c>.</summary>
public sealed class FewCallsTests : TorchTest
{
    private static readonly long[][] s_shapes = [[3, 5], [1], [40_003], [0, 7], [2, 3, 4]];

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(0.3, 0)]
    internal void The_update_of_all_weights_is_that_of_each(double clip, double decay)
    {
        using var scope = TensorScope.Begin();
        var step = new AdamWStep(Rate: 0.01, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, Decay: decay, Clip: clip, Update: 3);
        var (each, all) = (Parameters(), Parameters());
        foreach (var (weight, first, second) in each)
            weight.AdamWInPlaceByParts(weight.Grad()!, first, second, step);
        Tensor.AdamWInPlace([.. all.Select(p => p.Weight)], [.. all.Select(p => p.First)], [.. all.Select(p => p.Second)], step);
        foreach (var (expected, actual) in each.Zip(all))
        {
            Twins.AssertNear(expected.Weight, actual.Weight, 1e-6);
            Twins.AssertNear(expected.First, actual.First, 1e-6);
            Twins.AssertNear(expected.Second, actual.Second, 1e-6);
        }
    }

    [Fact]
    public void The_norm_of_all_gradients_is_that_of_their_squares()
    {
        using var scope = TensorScope.Begin();
        Tensor[] weights = [.. Parameters().Select(p => p.Weight), Values(9, 4)];
        Assert.Equal(Math.Sqrt(weights.Sum(weight => weight.SumOfSquaresOfGrad())), Tensor.NormOfGrads(weights), 1e-4);
        Assert.Equal(0, Tensor.NormOfGrads([Values(9, 4)]));
    }

    [Fact]
    public void A_number_is_scattered_where_the_tensor_lies()
    {
        using var scope = TensorScope.Begin();
        var x = Values(1, 2, 3);
        x.ScatterFillInPlace(-1, Tensor.From<long>([2, 0], 2, 1).On(x.Device), 7);
        Assert.Equal((7f, 7f), (x.ToArray<float>()[2], x.ToArray<float>()[3]));
    }

    [Fact]
    public void Pieces_are_read_and_written_where_the_tensor_lies()
    {
        using var scope = TensorScope.Begin();
        var x = Values(1, 3, 4);
        var before = x.ToArray<float>();
        var piece = new float[5];
        x.CopyTo(4, piece.AsSpan());
        Assert.Equal(before[4..9], piece);
        x.CopyBytesFrom(8, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(new float[] { 5, 6 }));
        Assert.Equal([before[0], before[1], 5, 6, .. before[4..]], x.ToArray<float>());
    }

    [Theory]
    [InlineData(2, 3, 5)]
    [InlineData(1, 1, 1)]
    [InlineData(0, 4, 7)]
    [InlineData(3, 70, 257)]
    public void The_norm_in_one_call_is_that_in_many(long a, long b, long width)
    {
        using var scope = TensorScope.Begin();
        Tensor[] Leaves() => [.. ((long[][])[[a, b, width], [width]]).Select((shape, i) =>
        {
            var leaf = Twins.Values(i, shape).On(TorchRuntime.Device).Detach();
            leaf.RequiresGrad = true;
            return leaf;
        })];
        var (each, one, seed) = (Leaves(), Leaves(), Twins.Values(3, a, b, width).On(TorchRuntime.Device));
        var (expected, actual) = (each[0].RmsNormByParts(each[1], 1e-5), one[0].RmsNormOfLibtorch(one[1], 1e-5));
        // libtorch keeps the root in float32 whatever the type.
        Twins.AssertNear(expected, actual, 1e-6);
        expected.Backward(seed);
        actual.Backward(seed);
        foreach (var (x, y) in each.Zip(one))
            Twins.AssertNear(x.Grad()!, y.Grad()!, 1e-5);
    }

    private static (Tensor Weight, Tensor First, Tensor Second)[] Parameters() => [.. s_shapes.Select((shape, i) =>
    {
        var weight = Values(i, shape);
        weight.SetGrad(Values(i + 10, shape));
        return (weight, Values(i + 20, shape), Values(i + 30, shape).Abs());
    })];

    private static Tensor Values(int seed, params long[] shape) => Twins.Values(seed, shape).To(DType.Float32).On(TorchRuntime.Device);
}
