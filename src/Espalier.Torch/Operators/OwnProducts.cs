using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>
/// Which products <see cref="ProductKernel"/> takes, and how the tensors of one become its matrices: float32 on the processor, the left
/// side in order or a matrix in rows or columns, the right side a matrix in rows or columns.
/// </summary>
internal static unsafe class OwnProducts
{
    // Of fewer rows packing the weights is most of the work.
    private const long LeastRows = 16;

    /// <summary>Whether it takes x [..., K] times w [N, K] (turned: [K, N]), which fit together and are not empty.</summary>
    public static bool Takes(nint x, nint w)
    {
        var sizes = TensorFacts.Sizes(x);
        if (TensorFacts.ElementType(x) != DType.Float32 || TensorFacts.Elements(x) < LeastRows * sizes[^1])
            return false;
        ReadOnlySpan<long> left = TensorFacts.Strides(x), right = TensorFacts.Strides(w);
        return (TensorFacts.IsContiguous(x) || (sizes.Length == 2 && (left[0] == 1 || left[1] == 1))) && (right[0] == 1 || right[1] == 1);
    }

    /// <summary>x · wᵀ + bias (turned: x · w + bias) in a new tensor, whose handle is the caller's.</summary>
    public static nint Multiply(nint x, nint w, bool turned, nint bias)
    {
        Span<long> shape = stackalloc long[TensorFacts.MaxDimensions];
        TensorFacts.Sizes(x).CopyTo(shape);
        shape = shape[..TensorFacts.Sizes(x).Length];
        shape[^1] = TensorFacts.Sizes(w)[turned ? 1 : 0];
        var result = Operand.Result(DType.Float32, shape);
        var job = Of(x, w, turned);
        job.C = result.Floats;
        job.CRow = job.Columns;
        if (bias != 0)
            job.Begin = (float*)TensorFacts.Data(bias);
        var product = result.Tensor;
        try
        {
            using (result)
                ProductKernel.Run(ref job);
            return TensorFacts.NewHandle(product.Pointer);
        }
        finally
        {
            product.LetGo(reuse: true);
        }
    }

    /// <summary>
    /// x · wᵀ (turned: x · w) of matrices into memory that is there, or added to what is there, where it takes them; else false.
    /// </summary>
    public static bool TryWrite(Tensor to, Tensor x, Tensor w, bool turned, bool adds)
    {
        using HeldTensor heldTo = new(to), heldX = new(x), heldW = new(w);
        var (result, left, right) = (heldTo.Native, heldX.Native, heldW.Native);
        if (TensorFacts.Sizes(left) is not [var rows, var depth] || TensorFacts.Sizes(right) is not { Length: 2 } other
            || TensorFacts.Sizes(result) is not [var into, var wide] || into != rows || other[turned ? 0 : 1] != depth
            || other[turned ? 1 : 0] != wide || rows * depth * wide == 0
            || TensorFacts.ElementType(result) != DType.Float32 || TensorFacts.ElementType(right) != DType.Float32
            || !TensorFacts.IsOnCpu(result) || !TensorFacts.IsOnCpu(left) || !TensorFacts.IsOnCpu(right)
            || !TensorFacts.LiesInRows(result) || !Takes(left, right) || Meet(result, left) || Meet(result, right))
            return false;
        var job = Of(left, right, turned);
        job.C = (float*)TensorFacts.Data(result);
        job.CRow = TensorFacts.Strides(result)[0];
        if (adds)
        {
            job.Begin = job.C;
            job.BeginRow = job.CRow;
        }
        ProductKernel.Run(ref job);
        to.Written();
        return true;
    }

    // Whether the memory of two matrices, each from its first element to its last, has a part in common.
    private static bool Meet(nint one, nint other)
    {
        float* first = (float*)TensorFacts.Data(one), second = (float*)TensorFacts.Data(other);
        return first <= second + Last(other) && second <= first + Last(one);
    }

    private static long Last(nint matrix)
    {
        ReadOnlySpan<long> sizes = TensorFacts.Sizes(matrix), steps = TensorFacts.Strides(matrix);
        return (sizes[0] - 1) * steps[0] + (sizes[1] - 1) * steps[1];
    }

    private static ProductJob Of(nint x, nint w, bool turned)
    {
        ReadOnlySpan<long> sizes = TensorFacts.Sizes(x), left = TensorFacts.Strides(x);
        ReadOnlySpan<long> other = TensorFacts.Sizes(w), right = TensorFacts.Strides(w);
        var job = new ProductJob
        {
            A = (float*)TensorFacts.Data(x),
            B = (float*)TensorFacts.Data(w),
            Depth = sizes[^1],
            Rows = TensorFacts.Elements(x) / sizes[^1],
            Columns = other[turned ? 1 : 0],
            BDepth = right[turned ? 0 : 1],
            BColumn = right[turned ? 1 : 0],
        };
        (job.ARow, job.ADepth) = TensorFacts.IsContiguous(x) ? (job.Depth, 1) : (left[0], left[1]);
        return job;
    }
}
