using Espalier.Torch.Dispatch;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>Backwards of sums, means, norms and softmaxes over dimensions.</summary>
internal static class ReductionRules
{
    public static Backward Sum(ref Recording call)
    {
        var a = call.FormOf(0);
        var kept = KeptShape(a.Shape, call.Integers(1));
        return (_, g, into) => into[0] = a.Cast(g).Reshape(kept).Expand(a.Shape);
    }

    public static Backward Mean(ref Recording call)
    {
        var a = call.FormOf(0);
        var kept = KeptShape(a.Shape, call.Integers(1));
        var count = 1.0;
        for (var i = 0; i < kept.Length; i++)
            count *= kept[i] == a.Shape[i] ? 1 : a.Shape[i];
        return (_, g, into) => into[0] = a.Cast(g).Div(count).Reshape(kept).Expand(a.Shape);
    }

    /// <summary>The L2 norm; at a norm of 0 the gradient is 0.</summary>
    public static Backward Norm(ref Recording call)
    {
        var a = call.FormOf(0);
        var kept = KeptShape(a.Shape, call.Integers(1));
        var (x, y) = (call.Keep(0), call.Keep(call.Result));
        return (_, g, into) =>
        {
            var norm = y.Value.Reshape(kept);
            into[0] = a.Cast(x.Value.Mul(g.Reshape(kept).Div(norm).MaskedFill(norm.LessOrEqual(0), 0)));
        };
    }

    public static Backward CumSum(ref Recording call)
    {
        var (a, dimension) = (call.FormOf(0), call.Integer(1, 0));
        return (_, g, into) => into[0] = a.Cast(Flip(Flip(g, dimension).CumSum((int)dimension), dimension));
    }

    public static Backward Softmax(ref Recording call) => Normalised(ref call, BackwardOps.Softmax);

    public static Backward LogSoftmax(ref Recording call) => Normalised(ref call, BackwardOps.LogSoftmax);

    public static Backward LogSumExp(ref Recording call)
    {
        var kept = KeptShape(call.Input(0).Shape.ToArray(), call.Integers(1));
        var (x, y) = (call.Keep(0), call.Keep(call.Result));
        return (_, g, into) => into[0] = x.Value.Sub(y.Value.Reshape(kept)).Exp().Mul(g.Reshape(kept));
    }

    private static Backward Normalised(ref Recording call, Op backward)
    {
        var (a, dimension, y) = (call.FormOf(0), call.Integer(1, 0), call.Keep(call.Result));
        return (_, g, into) => into[0] = a.Cast(backward.Call(g, y.Value, dimension, y.Value.DType));
    }

    private static Tensor Flip(Tensor x, long dimension) => BackwardOps.Flip.Call(x, new[] { dimension });

    /// <summary>The shape with ones where it was reduced; without dimensions all are.</summary>
    private static long[] KeptShape(long[] shape, long[]? dimensions)
    {
        var kept = (long[])shape.Clone();
        if (dimensions is not { Length: > 0 })
            Array.Fill(kept, 1);
        else
            foreach (var dimension in dimensions)
                if (kept.Length > 0)
                    kept[dimension < 0 ? dimension + kept.Length : dimension] = 1;
        return kept;
    }
}
