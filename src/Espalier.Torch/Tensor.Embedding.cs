using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>Rows of this table [V, D] at the indices (Int64): [..., D].</summary>
    public Tensor Embedding(Tensor indices)
    {
        if (!Tape.Wants(this) || !IsForwardFused || indices.DType != DType.Int64 || Dimensions != 2)
            return EmbeddingByParts(indices);
        Tensor y;
        using (GradMode.Disable())
            y = EmbeddingByParts(indices);
        var (leaf, shape) = (Sink as Leaf, ShapeArray);
        return Tape.Record(y, [this], [indices], (node, g, into) =>
        {
            // A gradient that is there already, such as the head's of a tied table, is added to row by row: no second table is made.
            if (leaf is { Wanted: true, Gradient: { IsContiguous: true } present })
                EmbeddingKernel.AddTo(present, g, node[0]);
            else
                EmbeddingKernel.AddTo(into[0] = Zeros(DType.Float32, shape), g, node[0]);
        });
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor EmbeddingByParts(Tensor indices) => Ops.Embedding.Call(this, indices);
}
