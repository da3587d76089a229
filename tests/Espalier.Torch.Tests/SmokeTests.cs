using Espalier.Tests;

namespace Espalier.Torch.Tests;

public sealed class SmokeTests : TorchTest
{
    [Fact]
    public void Matrix_product_has_gradients()
    {
        using var scope = TensorScope.Begin();
        var a = Tensor.From<float>([1, 2, 3, 4], 2, 2);
        a.RequiresGrad = true;
        var b = Tensor.From<float>([5, 6, 7, 8], 2, 2);
        var y = a.MatMul(b);
        Assert.Equal([19f, 22, 43, 50], y.ToArray<float>());
        y.Sum().Backward();
        Assert.Equal([11f, 15, 11, 15], a.Grad()!.ToArray<float>());
    }

    [Fact]
    public void Wrong_shapes_are_libtorchs_own_error()
    {
        using var scope = TensorScope.Begin();
        var e = Assert.Throws<TorchException>(() => Tensor.Zeros(DType.Float32, 2, 3).MatMul(Tensor.Zeros(DType.Float32, 2, 3)));
        Assert.Contains("2x3 and 2x3", e.Message);
    }

    [Fact]
    public void Wrong_kind_of_argument_is_refused_by_name()
    {
        using var scope = TensorScope.Begin();
        var e = Assert.Throws<TorchException>(() => Op.Find("aten::mm").Call(Tensor.Zeros(DType.Float32, 2, 3), 1.0));
        Assert.Contains("argument 'mat2' is a number", e.Message);
    }
}
