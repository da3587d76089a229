using Espalier.Torch.Gradients;
using Espalier.Torch.Native;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>The same storage with other sizes; −1 is inferred. An error where the storage does not allow it.</summary>
    public Tensor View(params ReadOnlySpan<long> sizes) => Ops.View.Call(this, Shapes.Of(sizes));

    /// <summary>Other sizes, copied where the storage does not allow a view; −1 is inferred.</summary>
    public Tensor Reshape(params ReadOnlySpan<long> sizes) => Ops.Reshape.Call(this, Shapes.Of(sizes));

    /// <summary>Swaps two dimensions (a view).</summary>
    public Tensor Transpose(int first, int second) => Ops.Transpose.Call(this, first, second);

    /// <summary>Reorders the dimensions (a view).</summary>
    public Tensor Permute(params ReadOnlySpan<long> order) => Ops.Permute.Call(this, Shapes.Of(order));

    /// <summary>Elements in memory in the order of the shape; a copy only where they are not.</summary>
    public Tensor Contiguous() => Ops.Contiguous.Call(this);

    /// <summary>A copy with storage of its own.</summary>
    public Tensor Clone() => Ops.Clone.Call(this);

    /// <summary>A copy with another element type.</summary>
    public Tensor To(DType dtype) => Ops.To.Call(this, dtype);

    /// <summary>
    /// This very tensor where it lies on the device already, else a copy there. Gradient flows, back to where it was.
    /// </summary>
    public Tensor On(Device device)
    {
        if (device == Device)
            return this;
        var home = Device;
        Tensor there;
        using (GradMode.Disable())
            there = Ops.To.Call(this, Argument.None, Argument.None, device.ToString());
        return Tape.Wants(this) ? Tape.Record(there, [this], [], (_, g, into) => into[0] = g.On(home)) : there;
    }

    /// <summary>A new dimension of size one (a view).</summary>
    public Tensor Unsqueeze(int dimension) => Ops.Unsqueeze.Call(this, dimension);

    /// <summary>Without a dimension of size one (a view).</summary>
    public Tensor Squeeze(int dimension) => Ops.Squeeze.Call(this, dimension);

    /// <summary>Dimensions of size one repeated without copying; −1 keeps a size.</summary>
    public Tensor Expand(params ReadOnlySpan<long> sizes) => Ops.Expand.Call(this, Shapes.Of(sizes));

    /// <summary>Elements start ≤ i &lt; end of a dimension (a view).</summary>
    public Tensor Slice(int dimension, long start, long end) => Ops.Slice.Call(this, dimension, start, end);

    /// <summary>One element of a dimension, which disappears (a view).</summary>
    public Tensor Select(int dimension, long index) => Ops.Select.Call(this, dimension, index);

    /// <summary>The listed elements (Int64, one-dimensional) of a dimension, copied.</summary>
    public Tensor IndexSelect(int dimension, Tensor index) => Ops.IndexSelect.Call(this, dimension, index);

    /// <summary>For each position the element of a dimension that the index (Int64) names.</summary>
    public Tensor Gather(int dimension, Tensor index) => Ops.Gather.Call(this, dimension, index);

    /// <summary>The lower triangle of the last two dimensions, zeros above diagonal <paramref name="diagonal"/>.</summary>
    public Tensor Tril(int diagonal = 0) => Ops.Tril.Call(this, diagonal);

    /// <summary>The upper triangle of the last two dimensions, zeros below diagonal <paramref name="diagonal"/>.</summary>
    public Tensor Triu(int diagonal = 0) => Ops.Triu.Call(this, diagonal);

    /// <summary>Tensors one after the other along an existing dimension.</summary>
    public static Tensor Cat(int dimension, params Tensor[] tensors) => Ops.Cat.Call(tensors, dimension);

    /// <summary>Tensors one after the other along a new dimension.</summary>
    public static Tensor Stack(int dimension, params Tensor[] tensors) => Ops.Stack.Call(tensors, dimension);
}
