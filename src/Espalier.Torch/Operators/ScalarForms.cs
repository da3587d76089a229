using Espalier.Torch.Dispatch;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>
/// The stable ABI carries no Scalar. These operators are called in the form that takes a tensor without dimensions instead, whose type is
/// chosen so that the result has the type it has with a number, and the arithmetic the same bits.
/// </summary>
internal static unsafe class ScalarForms
{
    private static readonly RawOp s_mul = new("aten::mul.Tensor(Tensor self, Tensor other) -> Tensor");
    private static readonly RawOp s_div = new("aten::div.Tensor(Tensor self, Tensor other) -> Tensor");
    private static readonly RawOp s_less = new("aten::lt.Tensor(Tensor self, Tensor other) -> Tensor");
    private static readonly RawOp s_lessOrEqual = new("aten::le.Tensor(Tensor self, Tensor other) -> Tensor");
    private static readonly RawOp s_maskedFill = new("aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor");
    private static readonly RawOp s_mulIn = new("aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)");
    private static readonly RawOp s_fillIn = new("aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)");
    private static readonly RawOp s_maskedFillIn = new(
        "aten::masked_fill_.Tensor(Tensor(a!) self, Tensor mask, Tensor value) -> Tensor(a!)");
    private static readonly RawOp s_lerpIn = new("aten::lerp_.Tensor(Tensor(a!) self, Tensor end, Tensor weight) -> Tensor(a!)");
    private static readonly RawOp s_copyIn = new("aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)");
    private static readonly RawOp s_scatterIn = new("aten::scatter_.src(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)");
    private static readonly RawOp s_scatterAddIn = new(
        "aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)");
    private static readonly RawOp s_to = new(
        "aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor");
    private static readonly RawOp s_expand = new("aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)");
    private static readonly RawOp s_reshape = new("aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)");
    private static readonly RawOp s_norm = new("aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor");
    private static readonly RawOp s_addcmulIn = new(
        "aten::_foreach_addcmul_.Tensor(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> ()");
    private static readonly RawOp s_addcdivIn = new(
        "aten::_foreach_addcdiv_.Tensor(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> ()");

    public static nint AddTensor(ReadOnlySpan<Argument> a) => Subtract(Held(a[0]), Held(a[1]), -Value(a[2]));

    public static nint SubTensor(ReadOnlySpan<Argument> a) => Subtract(Held(a[0]), Held(a[1]), Value(a[2]));

    public static nint AddScalar(ReadOnlySpan<Argument> a)
    {
        var number = (nint)Number(a[0], Value(a[1]) * Value(a[2]));
        var result = Subtract(Held(a[0]), number, -1);
        _ = Libtorch.DeleteTensor(number);
        return result;
    }

    public static nint MulScalar(ReadOnlySpan<Argument> a) => s_mul.Run(Lend(a[0]), Number(a[0], Value(a[1])));

    public static nint DivScalar(ReadOnlySpan<Argument> a) => s_div.Run(Lend(a[0]), Number(a[0], Value(a[1])));

    public static nint LessScalar(ReadOnlySpan<Argument> a) => s_less.Run(Lend(a[0]), Compared(a[0], Value(a[1])));

    public static nint LessOrEqualScalar(ReadOnlySpan<Argument> a) => s_lessOrEqual.Run(Lend(a[0]), Compared(a[0], Value(a[1])));

    public static nint MaskedFill(ReadOnlySpan<Argument> a) => s_maskedFill.Run(Lend(a[0]), Lend(a[1]), Same(a[0], Value(a[2])));

    public static nint AddIn(ReadOnlySpan<Argument> a) => AddIn(a, Value(a[2]));

    public static nint AddInScalar(ReadOnlySpan<Argument> a) => Overwrite(a[0], AddScalar(a));

    public static nint SubIn(ReadOnlySpan<Argument> a) => AddIn(a, -Value(a[2]));

    public static nint MulInScalar(ReadOnlySpan<Argument> a) => s_mulIn.Run(Lend(a[0]), Number(a[0], Value(a[1])));

    public static nint FillIn(ReadOnlySpan<Argument> a) => s_fillIn.Run(Lend(a[0]), Same(a[0], Value(a[1])));

    public static nint MaskedFillIn(ReadOnlySpan<Argument> a) => s_maskedFillIn.Run(Lend(a[0]), Lend(a[1]), Same(a[0], Value(a[2])));

    public static nint LerpIn(ReadOnlySpan<Argument> a) => s_lerpIn.Run(Lend(a[0]), Lend(a[1]), Same(a[0], Value(a[2])));

    public static nint AddcmulIn(ReadOnlySpan<Argument> a) =>
        s_addcmulIn.Run(Alone(a[0]), Alone(a[1]), Alone(a[2]), OneNumber(Value(a[3])));

    public static nint AddcdivIn(ReadOnlySpan<Argument> a) =>
        s_addcdivIn.Run(Alone(a[0]), Alone(a[1]), Alone(a[2]), OneNumber(Value(a[3])));

    public static nint AddmmIn(ReadOnlySpan<Argument> a)
    {
        if (Value(a[3]) != 1)
            throw new TorchException($"addmm_ with beta {a[3]}: in double precision the stable ABI supports only 1");
        var product = Products.MatMul(a[1..3]);
        if (product == RawOp.Refused)
            return RawOp.Refused;
        using var owned = Tensor.Adopt(product).Unscoped();
        return AddIn([a[0], owned], Value(a[4]));
    }

    // Rows of the index are the same along every other dimension.
    public static nint IndexAddIn(ReadOnlySpan<Argument> a)
    {
        var sizes = TensorFacts.Sizes(Held(a[3])).ToArray();
        var dimension = (int)(a[1].Bits < 0 ? a[1].Bits + sizes.Length : a[1].Bits);
        if (Value(a[4]) != 1 || (uint)dimension >= (uint)sizes.Length)
            return RawOp.Refused;
        var along = new long[sizes.Length];
        Array.Fill(along, 1);
        along[dimension] = sizes[dimension];
        var index = s_reshape.Run(Lend(a[2]), DispatcherCall.List(Words(along)));
        var expanded = index == RawOp.Refused ? RawOp.Refused : s_expand.Run((ulong)index, DispatcherCall.List(Words(sizes)), 0);
        return expanded == RawOp.Refused ? RawOp.Refused : s_scatterAddIn.Run(Lend(a[0]), (ulong)dimension, (ulong)expanded, Lend(a[3]));
    }

    public static nint ScatterFillIn(ReadOnlySpan<Argument> a)
    {
        var there = Same(a[0], Value(a[3]));
        // A number that is spread over an index has to lie where the tensor does; elsewhere a lone number may lie on the processor.
        if (((Tensor)a[0].Reference!).Device is { IsCpu: false } device && Devices.TryParse(device.ToString(), out var place))
            there = Taken(s_to.Run(there, 0, 0, DispatcherCall.Boxed(place), 0, 0, 0));
        var everywhere = s_expand.Run(there, DispatcherCall.List(Words(TensorFacts.Sizes(Held(a[2])))), 0);
        return everywhere == RawOp.Refused ? RawOp.Refused : s_scatterIn.Run(Lend(a[0]), (ulong)a[1].Bits, Lend(a[2]), (ulong)everywhere);
    }

    /// <summary>The 2-norm alone.</summary>
    public static nint Norm(ReadOnlySpan<Argument> a)
    {
        if (Value(a[1]) != 2 || a[4].Tag != ValueTag.None)
            throw new TorchException($"a norm of order {a[1]}, as {a[4]}: the stable ABI supports only order 2, in the tensor's own type");
        if (a[2].Reference is long[] dimensions)
            return s_norm.Run(Lend(a[0]), DispatcherCall.List(Words(dimensions)), (ulong)a[3].Bits);
        var flat = s_reshape.Run(Lend(a[0]), DispatcherCall.List(Words([-1])));
        return flat == RawOp.Refused ? RawOp.Refused : s_norm.Run((ulong)flat, DispatcherCall.List(Words([0])), 0);
    }

    private static nint AddIn(ReadOnlySpan<Argument> a, double scale)
    {
        var (to, from) = ((Tensor)a[0].Reference!, (Tensor)a[1].Reference!);
        return AddScaledKernel.TryRun(to, from, (float)scale) ? 0 : Overwrite(a[0], Subtract(to.Pointer, from.Pointer, -scale));
    }

    private static nint Subtract(nint self, nint other, double alpha)
    {
        nint result;
        return Libtorch.Subtract(self, other, alpha, &result) == 0 ? result : RawOp.Refused;
    }

    private static nint Overwrite(in Argument self, nint values) =>
        values == RawOp.Refused ? RawOp.Refused : s_copyIn.Run(Lend(self), (ulong)values, 0);

    /// <summary>
    /// A number that does not change the type of a result: float32 where the tensor is bf16, for libtorch reads such a number unrounded.
    /// </summary>
    private static ulong Number(in Argument beside, double value)
    {
        var tensor = Held(beside);
        var dtype = TensorFacts.ElementType(tensor);
        var narrow = dtype is DType.BFloat16 or DType.Float16 && TensorFacts.Sizes(tensor).Length > 0;
        return Of(narrow || !dtype.IsFloatingPoint() ? DType.Float32 : dtype, value);
    }

    /// <summary>A number that an integer tensor is compared with exactly.</summary>
    private static ulong Compared(in Argument beside, double value) =>
        TensorFacts.ElementType(Held(beside)) is var dtype && dtype.IsFloatingPoint() ? Number(beside, value) : Of(DType.Float64, value);

    /// <summary>A number of the tensor's own type.</summary>
    private static ulong Same(in Argument beside, double value) => Of(TensorFacts.ElementType(Held(beside)), value);

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
            ? Taken(s_to.Run((ulong)number, DispatcherCall.Boxed((ulong)dtype), 0, 0, 0, 0, 0))
            : (ulong)number;
    }

    private static ulong OneNumber(double value) => Taken(s_reshape.Run(Of(DType.Float64, value), DispatcherCall.List(Words([1]))));

    // A number that libtorch refuses to make is no tensor, and must not be handed on as one.
    private static ulong Taken(nint number) => number != RawOp.Refused ? (ulong)number
        : throw Status.Failure("libtorch could not make a tensor from a number");

    private static ulong Alone(in Argument tensor) => DispatcherCall.List([Lend(tensor)]);

    private static ulong Lend(in Argument tensor) => DispatcherCall.Lend(Held(tensor));

    private static nint Held(in Argument tensor) => ((Tensor)tensor.Reference!).Pointer;

    private static double Value(in Argument number) =>
        number.Tag == ValueTag.Double ? BitConverter.Int64BitsToDouble(number.Bits) : number.Bits;

    private static ReadOnlySpan<ulong> Words(ReadOnlySpan<long> values) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<long, ulong>(values);
}
