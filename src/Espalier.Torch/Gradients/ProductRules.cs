using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>Backwards of matrix products.</summary>
internal static class ProductRules
{
    /// <summary>
    /// A product with its last two dimensions; leading ones are batches, broadcast, and a vector stands for a row on the left and a column
    /// on the right.
    /// </summary>
    public static Backward MatMul(ref Recording call)
    {
        var (a, b) = (call.Form(0), call.Form(1));
        var (row, column) = (call.Input(0).Dimensions == 1, call.Input(1).Dimensions == 1);
        var (x, y) = (call.Keep(0, b is not null), call.Keep(1, a is not null));
        return (_, g, into) =>
        {
            if (column)
                g = g.Unsqueeze(-1);
            if (row)
                g = g.Unsqueeze(-2);
            if (a is { } left)
            {
                var y2 = column ? y.Value.Unsqueeze(-1) : y.Value;
                into[0] = Fit(g.MatMul(y2.Transpose(-2, -1)), left, row ? [1, .. left.Shape] : left.Shape);
            }
            if (b is { } right)
            {
                var x2 = row ? x.Value.Unsqueeze(0) : x.Value;
                into[1] = Fit(Transposed(x2, g, right.Shape.Length <= 2), right, column ? [.. right.Shape, 1] : right.Shape);
            }
        };
    }

    /// <summary>x · wᵀ + bias over the last dimension of x, whatever stands before it.</summary>
    public static Backward Linear(ref Recording call)
    {
        if (call.Input(1).Dimensions != 2)
            throw new TorchException($"linear: the weight is {call.Input(1)} and must have two dimensions for a gradient");
        var recorded = call.Node;
        for (var i = 0; i < 3; i++)
            recorded.Note(call.Form(i));
        recorded.KeepOrSkip(call.Wants(1) ? call.Input(0) : null);
        recorded.KeepOrSkip(call.Wants(0) ? call.Input(1) : null);
        return static (node, g, into) =>
        {
            if (node.FormOf(0) is { } form)
                into[0] = form.Cast(g.MatMul(node[1]));
            // What is gathered already is added to where it lies, where products do that; the first of all begins it in its room.
            if (node.FormOf(1) is { } w
                && !(node.Inputs[1] is Leaf { Wanted: true } leaf && leaf.TryAddProduct(Rows(g).Transpose(0, 1), Rows(node[0]))))
                into[1] = w.Cast(OfWeight(Rows(g), Rows(node[0])));
            if (node.FormOf(2) is { } bias)
                into[2] = bias.Cast(Rows(g).Sum([0]));
        };
    }

    // gᵀ · x. For oneDNN one of them must lie turned: g, or x and then the product, whichever is less to write.
    internal static Tensor OfWeight(Tensor g, Tensor x)
    {
        if (Products.Library == ProductLibrary.Own)
            return g.Transpose(0, 1).MatMul(x);
        var (rows, wide, narrow) = (g.Size(0), g.Size(1), x.Size(1));
        return rows * wide <= narrow * (rows + wide) ? g.Transpose(0, 1).MatMul(x) : x.Turned().MatMul(g).Turned();
    }

    // xᵀ · g; where the right side had no batches, the sum over them is one product of all rows.
    private static Tensor Transposed(Tensor x, Tensor g, bool flat) =>
        flat && x.Dimensions > 2 ? Rows(x).Transpose(0, 1).MatMul(Rows(g)) : x.Transpose(-2, -1).MatMul(g);

    private static Tensor Fit(Tensor gradient, Form form, long[] shape) => form.Reshape(form.Cast(Form.Sum(gradient, shape)));

    /// <summary>All leading dimensions as one.</summary>
    private static Tensor Rows(Tensor x)
    {
        if (x.Dimensions == 2)
            return x;
        var rows = 1L;
        foreach (var size in x.Shape[..^1])
            rows *= size;
        return x.Reshape(rows, x.Size(-1));
    }
}
