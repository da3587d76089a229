using Espalier.Torch.Dispatch;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>Sums, means and other numbers of whole tensors or of dimensions, and their order.</summary>
public static class ReductionOperators
{
    /// <summary>Sum of all elements, accumulated in their own type or in another one.</summary>
    public static Tensor Sum(this Tensor x, DType? accumulate = null) => Ops.Sum.Call(x, Argument.None, false, accumulate);

    /// <summary>Sum over dimensions, accumulated in their own type or in another one.</summary>
    public static Tensor Sum(this Tensor x, ReadOnlySpan<long> dimensions, bool keep = false, DType? accumulate = null) =>
        Ops.Sum.Call(x, Shapes.Of(dimensions), keep, accumulate);

    /// <summary>Mean of all elements.</summary>
    public static Tensor Mean(this Tensor x) => Ops.Mean.Call(x, Argument.None);

    /// <summary>Mean over dimensions.</summary>
    public static Tensor Mean(this Tensor x, ReadOnlySpan<long> dimensions, bool keep = false) =>
        Ops.Mean.Call(x, Shapes.Of(dimensions), keep);

    /// <summary>Index (Int64) of the largest element along a dimension; the first of equal ones.</summary>
    public static Tensor ArgMax(this Tensor x, int dimension) => Ops.ArgMax.Call(x, dimension);

    /// <summary>L2 norm of all elements.</summary>
    public static Tensor Norm(this Tensor x) => x.Reshape(-1).Norm([0]);

    /// <summary>L2 norm over dimensions.</summary>
    public static Tensor Norm(this Tensor x, ReadOnlySpan<long> dimensions, bool keep = false) =>
        Ops.Norm.Call(x, Shapes.Of(dimensions), keep);

    /// <summary>Whether every element is finite. Waits for the device.</summary>
    public static bool AllFinite(this Tensor x)
    {
        using var scope = TensorScope.Begin();
        return Ops.All.Call(Ops.IsFinite.Call(x)).Item() != 0;
    }

    /// <summary>The k largest along the last dimension, best first, with their indices (Int64).</summary>
    public static (Tensor Values, Tensor Indices) TopK(this Tensor x, long k)
    {
        var results = Ops.TopK.CallMany(x, k);
        return (results[0], results[1]);
    }

    /// <summary>Sorted along a dimension, with the indices (Int64).</summary>
    public static (Tensor Values, Tensor Indices) Sort(this Tensor x, int dimension, bool descending = false)
    {
        var results = Ops.Sort.CallMany(x, dimension, descending);
        return (results[0], results[1]);
    }

    /// <summary>Running sum along a dimension.</summary>
    public static Tensor CumSum(this Tensor x, int dimension) => Ops.CumSum.Call(x, dimension);

    /// <summary>Σ x² in float64. No gradient.</summary>
    public static double SumOfSquares(this Tensor x)
    {
        if (x.IsForwardFused)
            return SquaresKernel.Sum(x);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return x.To(DType.Float64).Square().Sum().Item();
    }
}
