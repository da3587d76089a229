using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Native;

public sealed class TensorScopeTests : TorchTest
{
    private static Tensor Make() => Tensor.Zeros(DType.Float32, 2);

    private static bool IsAlive(Tensor tensor) => tensor.ToString() != "disposed tensor";

    [Fact]
    public void Scope_disposes_what_was_made_in_it_and_nothing_else()
    {
        using var outside = Make();
        Tensor inside;
        using (TensorScope.Begin())
            inside = outside.Exp();
        Assert.False(IsAlive(inside));
        Assert.True(IsAlive(outside));
    }

    [Fact]
    public void Kept_tensors_belong_to_the_enclosing_scope_or_to_the_caller()
    {
        Tensor toCaller, toOuter;
        using (var outer = TensorScope.Begin())
        {
            using (var inner = TensorScope.Begin())
            {
                toOuter = inner.Keep(Make());
                toCaller = inner.Keep(Make());
            }
            Assert.True(IsAlive(toOuter));
            outer.Keep(toCaller);
        }
        Assert.False(IsAlive(toOuter));
        Assert.True(IsAlive(toCaller));
        toCaller.Dispose();
    }

    [Fact]
    public void Outer_scope_can_keep_what_an_inner_one_made()
    {
        Tensor kept;
        using (var outer = TensorScope.Begin())
        using (TensorScope.Begin())
        using (TensorScope.Begin())
            kept = outer.Keep(Make());
        Assert.True(IsAlive(kept));
        kept.Dispose();
    }

    [Fact]
    public void Inner_scope_leaves_the_outer_ones_tensors_where_they_are()
    {
        Tensor x;
        using (TensorScope.Begin())
        {
            x = Make();
            using (var inner = TensorScope.Begin())
                inner.Keep(inner.Keep(x));
            Assert.True(IsAlive(x));
        }
        Assert.False(IsAlive(x));
    }

    [Fact]
    public void Unscoped_tensors_outlive_every_scope()
    {
        Tensor parameter;
        using (TensorScope.Begin())
        using (TensorScope.Begin())
            parameter = Make().Unscoped();
        Assert.True(IsAlive(parameter));
        parameter.Dispose();
    }

    [Fact]
    public void Scopes_ended_in_the_wrong_order_are_an_error_that_mends_itself()
    {
        var outer = TensorScope.Begin();
        var a = Make();
        var inner = TensorScope.Begin();
        Make();
        var refused = false;
        try
        {
            outer.Dispose();
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }
        Assert.True(refused);
        Assert.True(IsAlive(a));
        inner.Dispose();
        outer.Dispose();
        Assert.False(IsAlive(a));
    }

    [Fact]
    public void Scope_disposed_twice_does_not_end_the_next_one()
    {
        var first = TensorScope.Begin();
        first.Dispose();
        using var second = TensorScope.Begin();
        var x = Make();
        first.Dispose();
        Assert.True(IsAlive(x));
    }

    [Fact]
    public void Exception_inside_a_scope_frees_its_tensors()
    {
        Assert.Throws<TorchException>(() =>
        {
            using var scope = TensorScope.Begin();
            Make();
            Make().View(7);
        });
    }

    [Fact]
    public void Tensors_that_come_together_are_scoped_each()
    {
        using var scope = TensorScope.Begin();
        var (values, indices) = Tensor.Zeros(DType.Float32, 100, 2).TopK(1);
        Assert.Equal([100, 1], values.Shape.ToArray());
        Assert.Equal([100, 1], indices.Shape.ToArray());
    }
}
