using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>Backwards of operators that arrange elements anew: views, copies of parts, and parts put together.</summary>
internal static class ShapeRules
{
    public static Backward Reshape(ref Recording call)
    {
        call.Node.Note(call.FormOf(0));
        return static (node, g, into) => into[0] = node.FormOf(0)!.Value.Reshape(g);
    }

    public static Backward Transpose(ref Recording call)
    {
        (call.Node.First, call.Node.Second) = (call.Integer(1, 0), call.Integer(2, 0));
        return static (node, g, into) => into[0] = g.Transpose((int)node.First, (int)node.Second);
    }

    public static Backward Permute(ref Recording call)
    {
        var order = call.Integers(1)!;
        var back = new long[order.Length];
        for (var i = 0; i < order.Length; i++)
            back[order[i] < 0 ? order[i] + order.Length : order[i]] = i;
        return (_, g, into) => into[0] = g.Permute(back);
    }

    public static Backward Expand(ref Recording call)
    {
        var a = call.FormOf(0);
        return (_, g, into) => into[0] = a.Of(g);
    }

    public static Backward Slice(ref Recording call)
    {
        var (a, dimension) = (call.FormOf(0), call.Integer(1, 0));
        var (start, end, step) = (call.Integer(2, 0), call.Integer(3, long.MaxValue), call.Integer(4, 1));
        return (_, g, into) => into[0] = BackwardOps.Slice.Call(g, a.Shape, dimension, start, end, step);
    }

    public static Backward Select(ref Recording call)
    {
        var (a, dimension, index) = (call.FormOf(0), call.Integer(1, 0), call.Integer(2, 0));
        return (_, g, into) => into[0] = BackwardOps.Select.Call(g, a.Shape, dimension, index);
    }

    public static Backward IndexSelect(ref Recording call)
    {
        var (a, dimension, index) = (call.FormOf(0), (int)call.Integer(1, 0), call.Keep(2));
        return (_, g, into) =>
        {
            var sum = BackwardOps.NewZeros.Call(g, a.Shape);
            sum.IndexAddInPlace(dimension, index.Value, g);
            into[0] = sum;
        };
    }

    public static Backward Gather(ref Recording call)
    {
        var (a, dimension, index) = (call.FormOf(0), (int)call.Integer(1, 0), call.Keep(2));
        return (_, g, into) => into[0] = Scatter(g, a.Shape, dimension, index.Value);
    }

    /// <summary>
    /// Of values that were picked by a sort or as the largest: each goes back where it stood. Their indices are the second result.
    /// </summary>
    public static Backward TopK(ref Recording call) => Picked(ref call, (int)call.Integer(2, -1));

    public static Backward Sort(ref Recording call) => Picked(ref call, (int)call.Integer(1, -1));

    public static Backward Embedding(ref Recording call)
    {
        var (table, indices, padding) = (call.FormOf(0), call.Keep(1), call.Integer(2, -1));
        return (_, g, into) => into[0] = BackwardOps.Embedding.Call(g, indices.Value, table.Shape[0], padding, false);
    }

    public static Backward Cat(ref Recording call)
    {
        var (inputs, dimension) = (call.Inputs(0), (int)call.Integer(1, 0));
        // A list may hold tensors of shape [0] that stand for nothing, whatever the others' shape is.
        var sizes = Array.ConvertAll(inputs, x => x!.Dimensions == 1 && x.Size(0) == 0 ? -1 : x.Size(dimension));
        var forms = Array.ConvertAll(inputs, x => new Form(x!));
        return (_, g, into) =>
        {
            var start = 0L;
            for (var i = 0; i < sizes.Length; i++)
                into[i] = forms[i].Cast(sizes[i] < 0 ? BackwardOps.NewZeros.Call(g, new long[] { 0 })
                    : g.Slice(dimension, start, start += sizes[i]));
        };
    }

    public static Backward Stack(ref Recording call)
    {
        var (forms, dimension) = (Array.ConvertAll(call.Inputs(0), x => new Form(x!)), (int)call.Integer(1, 0));
        return (_, g, into) =>
        {
            for (var i = 0; i < forms.Length; i++)
                into[i] = forms[i].Cast(g.Select(dimension, i));
        };
    }

    public static Backward Triu(ref Recording call)
    {
        var diagonal = (int)call.Integer(1, 0);
        return (_, g, into) => into[0] = g.Triu(diagonal);
    }

    private static Backward Picked(ref Recording call, int dimension)
    {
        var (a, index) = (call.FormOf(0), call.Keep(call.Other(1)));
        return (_, g, into) => into[0] = Scatter(g, a.Shape, dimension, index.Value);
    }

    private static Tensor Scatter(Tensor g, long[] shape, int dimension, Tensor index)
    {
        var sum = BackwardOps.NewZeros.Call(g, shape);
        sum.ScatterAddInPlace(dimension, index, g);
        return sum;
    }
}
