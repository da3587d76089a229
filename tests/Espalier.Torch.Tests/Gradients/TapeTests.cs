using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Gradients;

/// <summary>What is recorded, how long it is kept, and how gradients are added up; the base class sees that nothing stays alive.</summary>
public sealed class TapeTests : TorchTest
{
    private static Tensor Leaf(params float[] values)
    {
        var x = Tensor.From<float>(values, values.Length);
        x.RequiresGrad = true;
        return x;
    }

    [Fact]
    public void What_a_graph_keeps_outlives_the_scope_and_ends_with_its_result()
    {
        using var x = Leaf(1, 2).Unscoped();
        var before = TorchRuntime.LiveTensors;
        Tensor y;
        using (var scope = TensorScope.Begin())
            y = scope.Keep(x.Exp().Exp().Sum());
        Assert.True(TorchRuntime.LiveTensors > before + 1);
        y.Dispose();
        Assert.Equal(before, TorchRuntime.LiveTensors);
    }

    [Fact]
    public void A_gradient_that_the_caller_gives_stays_as_it_was()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        var gradient = Tensor.From<float>([3, 4], 2);
        x.Backward(gradient);
        x.Backward(gradient);
        x.Add(0).Backward(gradient);
        Assert.Equal([9f, 12], x.Grad()!.ToArray<float>());
        Assert.Equal([3f, 4], gradient.ToArray<float>());
    }

    [Fact]
    public void Backward_frees_what_was_kept_as_it_goes()
    {
        using var x = Leaf(1, 2).Unscoped();
        using var y = Chain(x, 50);
        var before = TorchRuntime.LiveTensors;
        y.Backward();
        using var gradient = x.Grad();
        Assert.Equal(before - 49 + 2,
            TorchRuntime.LiveTensors); // the results before the root are gone, and there is a gradient and a handle on it
    }

    [Fact]
    public void A_graph_deeper_than_the_stack_is_gone_through_and_let_go()
    {
        using var x = Leaf(1e-3f).Unscoped();
        using (Chain(x, 200_000))
        {
        }
        using var y = Chain(x, 200_000, step => step.Add(1));
        y.Backward();
        using var gradient = x.Grad();
        Assert.Equal([1f], gradient!.ToArray<float>());
    }

    [Fact]
    public void Gradients_that_the_caller_gave_are_never_written()
    {
        using var scope = TensorScope.Begin();
        var (x, seed) = (Leaf(1, 2), Tensor.From<float>([3, 4], 2));
        var y = x.Add(0);
        Tensor.Backward([(y, seed), (x.View(2), seed), (x, seed), (y, seed)]);
        Assert.Equal([12f, 16], x.Grad()!.ToArray<float>());
        Assert.Equal([3f, 4], seed.ToArray<float>());
        x.Grad()!.MulInPlace(2);
        Assert.Equal([3f, 4], seed.ToArray<float>());
        Assert.Equal([24f, 32], x.Grad()!.ToArray<float>());
    }

    [Fact]
    public void One_gradient_for_two_inputs_is_added_to_each_alone()
    {
        using var scope = TensorScope.Begin();
        var (a, b) = (Leaf(1, 2), Leaf(3, 4));
        var (u, v) = (a.Mul(1), b.Mul(1));
        u.Add(v).Add(u).Backward(Tensor.From<float>([1, 10], 2));
        Assert.Equal([2f, 20], a.Grad()!.ToArray<float>());
        Assert.Equal([1f, 10], b.Grad()!.ToArray<float>());
    }

    [Fact]
    public void A_leaf_is_told_of_when_its_gradient_is_complete()
    {
        using var scope = TensorScope.Begin();
        var (early, late, both) = (Leaf(1), Leaf(2), Leaf(3));
        var y = early.Mul(both).Mul(late).Mul(both);
        var told = new List<(Tensor, float)>();
        Tensor.Backward([(y, null)], leaf => told.Add((leaf, leaf.Grad()!.ToArray<float>()[0])));
        Assert.Equal([(late, 9f), (early, 18f), (both, 12f)], told);
    }

    [Fact]
    public void An_operator_without_a_rule_refuses_what_wants_a_gradient()
    {
        using var scope = TensorScope.Begin();
        var (x, tan) = (Leaf(1, 2), new Op("aten::tan(Tensor self) -> Tensor"));
        Assert.Contains("aten::tan", Assert.Throws<TorchException>(() => tan.Call(x)).Message);
        var split = new Op("aten::frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)");
        Assert.Contains("aten::frexp.Tensor", Assert.Throws<TorchException>(() => split.CallMany(x.Exp())).Message);
        Assert.False(tan.Call(x.Detach()).RequiresGrad);
        using var noGrad = GradMode.Disable();
        Assert.False(tan.Call(x).RequiresGrad);
    }

    [Fact]
    public void In_place_operators_refuse_gradients_that_they_would_get_wrong()
    {
        using var scope = TensorScope.Begin();
        var (x, plain) = (Leaf(1, 2), Tensor.From<float>([1, 1], 2));
        foreach (var change in new Action[]
        {
            () => x.AddInPlace(plain), () => x.Exp().MulInPlace(2), () => plain.AddInPlace(x), () => x.Exp().AddInPlace(x),
            () => x.Exp().ZeroInPlace(), () => plain.CopyInPlace(x), () => x.Exp().LerpInPlace(plain, 0.5),
            () => new Op("aten::tan_(Tensor(a!) self) -> Tensor(a!)").CallVoid(x.Exp()),
        })
            Assert.Contains("in place", Assert.Throws<TorchException>(change).Message);
        Assert.Equal([1f, 1], plain.ToArray<float>());
    }

    [Fact]
    public void A_constant_may_be_added_in_place_to_what_nobody_keeps()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        var scores = x.Mul(3).View(2);
        scores.AddInPlace(Tensor.From<float>([5, 7], 2));
        scores.Square().Sum().Backward();
        Assert.Equal([2 * 3 * 8f, 2 * 3 * 13f], x.Grad()!.ToArray<float>());
        var kept = x.Exp();
        kept.View(2).AddInPlace(1); // through a view, which has the same memory
        Assert.Contains("changed in place", Assert.Throws<TorchException>(() => kept.Backward()).Message);
    }

    [Fact]
    public void A_backward_that_fails_leaves_nothing_behind()
    {
        using var scope = TensorScope.Begin();
        var x = Leaf(1, 2);
        var y = Tape.Record(x.Detach().Clone(), [x], [], (_, _, _) => throw new InvalidOperationException("no"));
        Assert.Throws<InvalidOperationException>(() => y.Exp().Backward());
        Assert.True(GradMode.IsEnabled);
        var wrong = Tape.Record(x.Detach().Clone(), [x], [], (_, g, into) => into[0] = g.Sum());
        Assert.Contains("has shape [] and should have [2]", Assert.Throws<TorchException>(() => wrong.Backward()).Message);
        var told = 0;
        Tensor.Backward([(x.Exp(), null)], _ => told++);
        Assert.Equal(1, told);
    }

    [Fact]
    public void The_schema_says_what_is_written_and_what_shares_memory()
    {
        Assert.Equal((false, ""), Effects("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"));
        Assert.Equal((true, "self"), Effects("aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)"));
        Assert.Equal((true, "out"), Effects("aten::sum.out(Tensor self, int[1]? dim=None, *, Tensor(a!) out) -> Tensor(a!)"));
        Assert.Equal((true, ""), Effects("aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]"));
        Assert.Equal((false, "self"), Effects("aten::_foreach_sqrt_(Tensor(a!)[] self) -> ()"));
        Assert.Equal((true, ""), Effects(Ops.Reshape.Schema));

        static (bool ResultIsView, string Written) Effects(string text)
        {
            var schema = new OpSchema(text);
            return (schema.ResultIsView, string.Join(",", schema.Parameters.Where(p => p.IsWritten).Select(p => p.Name)));
        }
    }

    private static Tensor Chain(Tensor x, int length, Func<Tensor, Tensor>? step = null)
    {
        using var scope = TensorScope.Begin();
        var y = x;
        for (var i = 0; i < length; i++)
        {
            using var inner = TensorScope.Begin();
            y = inner.Keep((step ?? (t => t.Sqrt()))(y));
        }
        return scope.Keep(y);
    }
}
