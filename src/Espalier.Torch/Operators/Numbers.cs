using Espalier.Torch.Dispatch;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>
/// The stable ABI carries no Scalar. Operators are called in the form that takes a tensor without dimensions instead, whose type is chosen
/// so that the result has the type it has with a number, and the arithmetic the same bits; sums have a function of their own.
/// </summary>
internal static unsafe class Numbers
{
    /// <summary>
    /// A number that does not change the type of a result: float32 where the tensor is bf16, for libtorch reads such a number unrounded.
    /// Beside integers float64, which holds them.
    /// </summary>
    public static ulong Beside(nint tensor, double value)
    {
        var dtype = TensorFacts.ElementType(tensor);
        var narrow = dtype is DType.BFloat16 or DType.Float16 && TensorFacts.Sizes(tensor).Length > 0;
        return Of(dtype is DType.Int32 or DType.Int64 ? DType.Float64 : narrow || !dtype.IsFloatingPoint() ? DType.Float32 : dtype, value);
    }

    /// <summary>A number that an integer tensor is compared with exactly.</summary>
    public static ulong Compared(nint tensor, double value) =>
        TensorFacts.ElementType(tensor).IsFloatingPoint() ? Beside(tensor, value) : Of(DType.Float64, value);

    /// <summary>A number of the tensor's own type.</summary>
    public static ulong Same(nint tensor, double value) => Of(TensorFacts.ElementType(tensor), value);

    /// <summary>x + alpha · other, where other may be a number.</summary>
    public static nint? Add(ReadOnlySpan<Argument> a) => Sum(a[0], a[1], a[2].Number);

    /// <summary>The same where x lies.</summary>
    public static nint? AddIn(ReadOnlySpan<Argument> a)
    {
        if (a[1].Reference is Tensor from && AddScaledKernel.TryRun((Tensor)a[0].Reference!, from, (float)a[2].Number))
            return 0;
        var sum = Sum(a[0], a[1], a[2].Number);
        return sum == Op.Refused ? Op.Refused : Ops.CopyIn.Run(Words.Lend(a[0].Held), (ulong)sum, 0);
    }

    private static nint Sum(in Argument x, in Argument other, double alpha)
    {
        nint sum;
        if (other.Reference is Tensor tensor)
            return Libtorch.Subtract(x.Held, tensor.Pointer, -alpha, &sum) == 0 ? sum : Op.Refused;
        var number = (nint)Beside(x.Held, other.Number * alpha);
        var status = Libtorch.Subtract(x.Held, number, -1, &sum);
        _ = Libtorch.DeleteTensor(number);
        return status == 0 ? sum : Op.Refused;
    }

    private static ulong Of(DType dtype, double value)
    {
        nint number;
        var status = dtype switch
        {
            DType.Float64 => Libtorch.NumberOfDouble(value, &number),
            DType.Float32 or DType.Float16 or DType.BFloat16 => Libtorch.NumberOfFloat((float)value, &number),
            _ => Libtorch.NumberOfLong((long)value, &number),
        };
        Status.Check(status, "no memory for a number");
        return dtype is DType.Float16 or DType.BFloat16
            ? Taken(Ops.To.Run((ulong)number, Words.Boxed((ulong)dtype), 0, 0, 0, 0, 0))
            : (ulong)number;
    }

    // A number that libtorch refuses to make is no tensor, and must not be handed on as one.
    private static ulong Taken(nint number) => number != Op.Refused ? (ulong)number
        : throw Status.Failure("libtorch made no tensor of a number");
}
