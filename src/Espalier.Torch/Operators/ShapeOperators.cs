using Espalier.Torch.Dispatch;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>Elements arranged anew: views, copies, parts, and parts put together.</summary>
public static class ShapeOperators
{
    /// <summary>The same storage with other sizes; −1 is inferred. An error where the storage does not allow it.</summary>
    public static Tensor View(this Tensor x, params ReadOnlySpan<long> sizes) => MemoryOps.View.Call(x, Shapes.Of(sizes));

    /// <summary>Other sizes, copied where the storage does not allow a view; −1 is inferred.</summary>
    public static Tensor Reshape(this Tensor x, params ReadOnlySpan<long> sizes) => Ops.Reshape.Call(x, Shapes.Of(sizes));

    /// <summary>Swaps two dimensions (a view).</summary>
    public static Tensor Transpose(this Tensor x, int first, int second) => Ops.Transpose.Call(x, first, second);

    /// <summary>Reorders the dimensions (a view).</summary>
    public static Tensor Permute(this Tensor x, params ReadOnlySpan<long> order) => Ops.Permute.Call(x, Shapes.Of(order));

    /// <summary>Elements in memory in the order of the shape; a copy only where they are not.</summary>
    public static Tensor Contiguous(this Tensor x) => MemoryOps.Contiguous.Call(x);

    /// <summary>A copy with its own storage.</summary>
    public static Tensor Clone(this Tensor x) => Ops.Clone.Call(x);

    /// <summary>A copy with another element type.</summary>
    public static Tensor To(this Tensor x, DType dtype) => Ops.To.Call(x, dtype);

    /// <summary>A new dimension of size one (a view).</summary>
    public static Tensor Unsqueeze(this Tensor x, int dimension) => Ops.Unsqueeze.Call(x, dimension);

    /// <summary>Without a dimension of size one (a view).</summary>
    public static Tensor Squeeze(this Tensor x, int dimension) => Ops.Squeeze.Call(x, dimension);

    /// <summary>Dimensions of size one repeated without copying; −1 keeps a size.</summary>
    public static Tensor Expand(this Tensor x, params ReadOnlySpan<long> sizes) => Ops.Expand.Call(x, Shapes.Of(sizes));

    /// <summary>Elements start ≤ i &lt; end of a dimension (a view).</summary>
    public static Tensor Slice(this Tensor x, int dimension, long start, long end) => MemoryOps.Slice.Call(x, dimension, start, end);

    /// <summary>One element of a dimension, which disappears (a view).</summary>
    public static Tensor Select(this Tensor x, int dimension, long index) => Ops.Select.Call(x, dimension, index);

    /// <summary>The listed elements (Int64, one-dimensional) of a dimension, copied.</summary>
    public static Tensor IndexSelect(this Tensor x, int dimension, Tensor index) => Ops.IndexSelect.Call(x, dimension, index);

    /// <summary>For each position the element of a dimension that the index (Int64) names.</summary>
    public static Tensor Gather(this Tensor x, int dimension, Tensor index) => Ops.Gather.Call(x, dimension, index);

    /// <summary>The upper triangle of the last two dimensions, zeros below diagonal <paramref name="diagonal"/>.</summary>
    public static Tensor Triu(this Tensor x, int diagonal = 0) => Ops.Triu.Call(x, diagonal);

    extension(Tensor)
    {
        /// <summary>Tensors one after the other along an existing dimension.</summary>
        public static Tensor Cat(int dimension, params Tensor[] tensors) => Ops.Cat.Call(tensors, dimension);

        /// <summary>Tensors one after the other along a new dimension.</summary>
        public static Tensor Stack(int dimension, params Tensor[] tensors) => Ops.Stack.Call(tensors, dimension);
    }
}
