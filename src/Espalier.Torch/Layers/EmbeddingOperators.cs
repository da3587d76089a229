using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

/// <summary>Rows of a table by their indices.</summary>
public static class EmbeddingOperators
{
    /// <summary>Rows of a table [V, D] at the indices (Int64): [..., D].</summary>
    public static Tensor Embedding(this Tensor table, Tensor indices)
    {
        if (!GradMode.Records(table) || !table.IsForwardFused || indices.DType != DType.Int64 || table.Dimensions != 2)
            return table.EmbeddingByParts(indices);
        Tensor y;
        using (GradMode.Disable())
            y = table.EmbeddingByParts(indices);
        return Tape.Record(y, [table], [indices], static (node, g, into) =>
        {
            // A gradient that is there already, such as the head's of a tied table, is added to row by row: no second table is made.
            if (node.Inputs[0] is Leaf { Wanted: true } leaf && leaf.Begun() is { IsContiguous: true } present)
                EmbeddingKernel.AddTo(present, g, node[0]);
            else
                EmbeddingKernel.AddTo(into[0] = Tensor.Zeros(DType.Float32, node.First, g.Size(-1)), g, node[0]);
        }, first: table.Size(0));
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor EmbeddingByParts(this Tensor table, Tensor indices) => Ops.Embedding.Call(table, indices);
}
