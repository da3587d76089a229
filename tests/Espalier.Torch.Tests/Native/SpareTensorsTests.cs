using Espalier.Tests;

namespace Espalier.Torch.Tests.Native;

/// <summary>Which tensor objects serve again, and that nobody who may still refer to one is shown another's values.</summary>
public sealed class SpareTensorsTests : TorchTest
{
    private static Tensor Leaf(params float[] values)
    {
        var x = Tensor.From<float>(values, values.Length).Unscoped();
        x.RequiresGrad = true;
        return x;
    }

    private static Tensor[] Several(int count)
    {
        using var scope = TensorScope.BeginReusing();
        return [.. Enumerable.Range(0, count).Select(i => Tensor.Full(i, DType.Float32, 2))];
    }

    [Fact]
    public void Objects_of_a_scope_that_reuses_serve_the_next_one()
    {
        var first = Several(3);
        Assert.Empty(Several(3).Except(first));
        using var scope = TensorScope.BeginReusing();
        var again = Tensor.From<float>([1, 2], 2);
        Assert.Contains(again, first);
        Assert.Equal([1f, 2], again.ToArray<float>());
        Assert.Equal([2], again.Shape.ToArray());
    }

    [Fact]
    public void What_is_handed_out_is_its_holders_alone()
    {
        Tensor kept, unscoped;
        using (var outer = TensorScope.Begin())
        {
            using (var scope = TensorScope.BeginReusing())
            {
                kept = scope.Keep(Tensor.From<float>([1, 2], 2));
                unscoped = Tensor.From<float>([3, 4], 2).Unscoped();
            }
            Assert.DoesNotContain(kept, Several(50));
            Assert.Equal([1f, 2], kept.ToArray<float>());
        }
        Assert.DoesNotContain(kept, Several(50));
        Assert.Throws<ObjectDisposedException>(() => kept.Exp());
        Assert.Equal([3f, 4], unscoped.ToArray<float>());
        unscoped.Dispose();
        Assert.DoesNotContain(unscoped, Several(50));
        Assert.Throws<ObjectDisposedException>(() => unscoped.Exp());
    }

    [Fact]
    public void A_tensor_that_a_node_keeps_serves_again_after_the_node_alone()
    {
        using var x = Leaf(1, 2);
        Tensor between, y;
        using (var scope = TensorScope.BeginReusing())
        {
            between = x.Mul(3);
            y = scope.Keep(between.Square().Sum());
        }
        Assert.Throws<ObjectDisposedException>(() => between.Exp());
        Assert.DoesNotContain(between, Several(50));
        y.Backward();
        using (var gradient = x.Grad())
            Assert.Equal([18f, 36], gradient!.ToArray<float>());
        x.SetGrad(null); // the gradient may be the one that it serves as
        Assert.Contains(between, Several(50));
        y.Dispose();
    }

    [Fact]
    public void Who_enters_a_scope_twice_serves_once()
    {
        using (var scope = TensorScope.BeginReusing())
            scope.Adopt(Tensor.Zeros(DType.Float32, 1).Unscoped());
        var next = Several(20);
        Assert.Equal(20, next.Distinct().Count());
    }

    [Fact]
    public void What_wants_a_gradient_never_serves_again()
    {
        Tensor leaf;
        using (TensorScope.BeginReusing())
        {
            leaf = Tensor.Zeros(DType.Float32, 1);
            leaf.RequiresGrad = true;
        }
        Assert.DoesNotContain(leaf, Several(50));
    }

    [Fact]
    public void Where_it_is_off_a_use_after_disposal_is_an_error()
    {
        GuardMode.IsOn = true;
        try
        {
            var first = Several(3);
            Assert.Empty(first.Intersect(Several(3)));
            Assert.Throws<ObjectDisposedException>(() => first[0].Exp());
        }
        finally
        {
            GuardMode.IsOn = false;
        }
    }

    [Fact]
    public void A_change_in_place_is_noticed_in_memory_that_objects_shared_before()
    {
        using var x = Leaf(1, 2);
        for (var round = 0; round < 5; round++)
        {
            Tensor y;
            using (var scope = TensorScope.BeginReusing())
            {
                var kept = x.Exp();
                y = scope.Keep(kept.View(2).Sum());
                if (round % 2 == 1)
                    kept.View(1, 2).AddInPlace(1);
            }
            if (round % 2 == 1)
                Assert.Contains("changed in place", Assert.Throws<TorchException>(() => y.Backward()).Message);
            else
                y.Backward();
            y.Dispose();
        }
    }

    [Fact]
    public void A_forgotten_graph_is_freed_by_the_collector()
    {
        var live = TorchRuntime.LiveTensors;
        using var x = Leaf(1, 2);
        Forget(x);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(live + 1, TorchRuntime.LiveTensors);
        ExpectLeaks(2); // the result, and what its node keeps
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Forget(Tensor x)
    {
        using var between = x.Exp();
        between.Sqrt().Unscoped();
    }
}
