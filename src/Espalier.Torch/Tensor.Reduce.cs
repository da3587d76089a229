using Espalier.Torch.Native;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>Sum of all elements.</summary>
    public Tensor Sum() => Ops.Sum.Call(this);

    /// <summary>Sum of all elements, accumulated in another type.</summary>
    public Tensor Sum(DType accumulate) => Ops.Sum.Call(this, accumulate);

    /// <summary>Sum over dimensions.</summary>
    public Tensor Sum(ReadOnlySpan<long> dimensions, bool keep = false) => Ops.SumDims.Call(this, Shapes.Of(dimensions), keep);

    /// <summary>Sum over dimensions, accumulated in another type.</summary>
    public Tensor Sum(ReadOnlySpan<long> dimensions, bool keep, DType accumulate) =>
        Ops.SumDims.Call(this, Shapes.Of(dimensions), keep, accumulate);

    /// <summary>Mean of all elements.</summary>
    public Tensor Mean() => Ops.Mean.Call(this);

    /// <summary>Mean over dimensions.</summary>
    public Tensor Mean(ReadOnlySpan<long> dimensions, bool keep = false) => Ops.MeanDims.Call(this, Shapes.Of(dimensions), keep);

    /// <summary>Mean over dimensions, accumulated in another type.</summary>
    public Tensor Mean(ReadOnlySpan<long> dimensions, bool keep, DType accumulate) =>
        Ops.MeanDims.Call(this, Shapes.Of(dimensions), keep, accumulate);

    /// <summary>Largest element.</summary>
    public Tensor Max() => Ops.Max.Call(this);

    /// <summary>Index (Int64) of the largest element along a dimension; the first of equal ones.</summary>
    public Tensor ArgMax(int dimension) => Ops.ArgMax.Call(this, dimension);

    /// <summary>L2 norm of all elements.</summary>
    public Tensor Norm() => Ops.Norm.Call(this, 2.0);

    /// <summary>L2 norm over dimensions.</summary>
    public Tensor Norm(ReadOnlySpan<long> dimensions, bool keep = false) => Ops.Norm.Call(this, 2.0, Shapes.Of(dimensions), keep);

    /// <summary>Whether every element is finite. Waits for the device.</summary>
    public bool AllFinite()
    {
        using var scope = TensorScope.Begin();
        return Ops.All.Call(IsFinite()).Item() != 0;
    }

    /// <summary>The k largest along the last dimension, best first, with their indices (Int64).</summary>
    public (Tensor Values, Tensor Indices) TopK(long k)
    {
        var results = Ops.TopK.CallMany(this, k);
        return (results[0], results[1]);
    }

    /// <summary>Sorted along a dimension, with the indices (Int64).</summary>
    public (Tensor Values, Tensor Indices) Sort(int dimension, bool descending = false)
    {
        var results = Ops.Sort.CallMany(this, dimension, descending);
        return (results[0], results[1]);
    }

    /// <summary>Running sum along a dimension.</summary>
    public Tensor CumSum(int dimension) => Ops.CumSum.Call(this, dimension);

    /// <summary>Whether shapes and values are the same (NaN equals nothing, −0 equals 0). Waits for the device.</summary>
    public bool ValuesEqual(Tensor other) => Ops.Equal.CallInteger(this, other) != 0;

    /// <summary>
    /// Whether element types, shapes and all bits of the values are the same (NaN equals the same NaN). Waits for the device.
    /// </summary>
    public bool BitsEqual(Tensor other)
    {
        if (DType != other.DType)
            return false;
        const int int16 = 2;
        var integer = DType.Size() switch { 1 => DType.UInt8, 2 => (DType)int16, 4 => DType.Int32, _ => DType.Int64 };
        using var scope = TensorScope.Begin();
        return Ops.ViewAs.Call(Detach(), integer).ValuesEqual(Ops.ViewAs.Call(other.Detach(), integer));
    }
}
