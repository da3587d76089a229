namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>Uninitialised elements.</summary>
    public static Tensor Empty(DType dtype, params long[] sizes) => Ops.Empty.Call(sizes, dtype);

    /// <summary>Zeros.</summary>
    public static Tensor Zeros(DType dtype, params long[] sizes) => Ops.Zeros.Call(sizes, dtype);

    /// <summary>One value everywhere.</summary>
    public static Tensor Full(double value, DType dtype, params long[] sizes) => Ops.Full.Call(sizes, value, dtype);

    /// <summary>0, 1, ..., count − 1.</summary>
    public static Tensor Arange(long count, DType dtype) => Ops.Arange.Call(0L, count, 1L, dtype);

    /// <summary>Zeros of this tensor's shape and type.</summary>
    public Tensor ZerosLike() => Ops.ZerosLike.Call(this);

    /// <summary>Ones of this tensor's shape and type.</summary>
    public Tensor OnesLike() => Ops.OnesLike.Call(this);

    /// <summary>Uninitialised elements of this tensor's shape and type.</summary>
    public Tensor EmptyLike() => Ops.EmptyLike.Call(this);
}
