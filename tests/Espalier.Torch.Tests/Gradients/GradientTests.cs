using Espalier.Tests;

namespace Espalier.Torch.Tests.Gradients;

public sealed class GradientTests : TorchTest
{
    private static Tensor Leaf(params float[] values)
    {
        var x = Tensor.From<float>(values, values.Length);
        x.RequiresGrad = true;
        return x;
    }

    [Fact]
    public void Matrix_product_has_gradients()
    {
        using var scope = TensorScope.Begin();
        var a = Tensor.From<float>([1, 2, 3, 4], 2, 2);
        a.RequiresGrad = true;
        var y = a.MatMul(Tensor.From<float>([5, 6, 7, 8], 2, 2));
        Assert.Equal([19f, 22, 43, 50], y.ToArray<float>());
        y.Sum().Backward();
        Assert.Equal([11f, 15, 11, 15], a.Grad()!.ToArray<float>());
    }

    [Fact]
    public void Backward_starts_from_several_roots_each_with_its_gradient()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        var square = x.Square();
        Tensor.Backward([(square, Tensor.From<float>([10, 100], 2)), (square.Sum(), null), (x.Mul(3), null)]);
        Assert.Equal([10 * 2 + 2 + 3f, 100 * 4 + 4 + 3], x.Grad()!.ToArray<float>());
    }

    [Fact]
    public void Gradients_accumulate_and_are_cleared()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        Assert.Null(x.Grad());
        x.Square().Backward();
        x.Square().Backward();
        Assert.Equal([4f, 8], x.Grad()!.ToArray<float>());
        x.SetGrad(null);
        Assert.Null(x.Grad());
        x.AccumulateGrad(Tensor.From<float>([1, 1], 2));
        x.AccumulateGrad(Tensor.From<float>([2, 3], 2));
        Assert.Equal([3f, 4], x.Grad()!.ToArray<float>());
    }

    [Fact]
    public void Backward_without_a_graph_is_an_error()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.Zeros(DType.Float32, 2);
        Assert.Contains("does not require a gradient", Assert.Throws<TorchException>(() => x.Backward()).Message);
        var y = Leaf(1, 2).Square();
        y.Backward();
        Assert.Contains("already run through", Assert.Throws<TorchException>(() => y.Backward()).Message);
        Assert.Contains("at least one root", Assert.Throws<TorchException>(() => Tensor.Backward([])).Message);
    }

    [Fact]
    public void Gradient_of_another_shape_or_type_is_refused()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        Assert.Contains("has shape [3] but the root has [2]",
            Assert.Throws<TorchException>(() => x.Square().Backward(Tensor.Zeros(DType.Float32, 3))).Message);
        Assert.Contains("has shape [3] but the tensor has [2]",
            Assert.Throws<TorchException>(() => x.SetGrad(Tensor.Zeros(DType.Float32, 3))).Message);
        Assert.Throws<TorchException>(() => x.SetGrad(Tensor.Zeros(DType.Float64, 2)));
        Assert.Contains("its own gradient", Assert.Throws<TorchException>(() => x.SetGrad(x)).Message);
        Assert.Throws<TorchException>(() => x.AccumulateGrad(Tensor.Zeros(DType.Float32, 3)));
        Assert.Null(x.Grad());
        Assert.True(GradMode.IsEnabled);
    }

    [Fact]
    public void Integers_have_no_gradient_and_results_keep_theirs()
    {
        using var scope = TensorScope.Begin();
        Assert.Throws<TorchException>(() => Tensor.Zeros(DType.Int64, 2).RequiresGrad = true);
        Assert.Throws<TorchException>(() => Leaf(1).Square().RequiresGrad = false);
        Assert.False(Leaf(1).Detach().RequiresGrad);
    }

    [Fact]
    public void In_place_change_of_a_saved_value_is_noticed_by_backward()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        var e = x.Exp();
        using (GradMode.Disable())
            e.MulInPlace(2);
        Assert.Contains("changed in place", Assert.Throws<TorchException>(() => e.Backward()).Message);
        var f = x.Exp();
        f.CopyFrom<float>([0, 0]);
        Assert.Contains("changed in place", Assert.Throws<TorchException>(() => f.Backward()).Message);
        Assert.Throws<TorchException>(() => x.AddInPlace(1)); // a leaf, while recording
    }

    [Fact]
    public void Recording_is_switched_off_in_nested_guards()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1);
        Assert.True(GradMode.IsEnabled);
        using (GradMode.Disable())
        {
            Assert.False(x.Exp().RequiresGrad);
            using (GradMode.Disable())
                Assert.False(GradMode.IsEnabled);
            Assert.False(GradMode.IsEnabled);
        }
        Assert.True(GradMode.IsEnabled);
    }
}
