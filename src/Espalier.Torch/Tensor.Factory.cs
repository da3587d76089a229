using Espalier.Torch.Native;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>Uninitialised elements.</summary>
    public static Tensor Empty(DType dtype, params ReadOnlySpan<long> sizes) => Ops.Empty.Call(Shapes.Of(sizes), dtype);

    /// <summary>Zeros.</summary>
    public static Tensor Zeros(DType dtype, params ReadOnlySpan<long> sizes) => Ops.Zeros.Call(Shapes.Of(sizes), dtype);

    /// <summary>Uninitialised elements on a device.</summary>
    public static Tensor Empty(DType dtype, Device device, params ReadOnlySpan<long> sizes) =>
        Ops.Empty.Call(Shapes.Of(sizes), dtype, Argument.None, device.ToString());

    /// <summary>Zeros on a device.</summary>
    public static Tensor Zeros(DType dtype, Device device, params ReadOnlySpan<long> sizes) =>
        Ops.Zeros.Call(Shapes.Of(sizes), dtype, Argument.None, device.ToString());

    /// <summary>One value everywhere.</summary>
    public static Tensor Full(double value, DType dtype, params ReadOnlySpan<long> sizes)
    {
        var tensor = Empty(dtype, sizes);
        tensor.FillInPlace(value);
        return tensor;
    }

    /// <summary>One value everywhere, on a device.</summary>
    public static Tensor Full(double value, DType dtype, Device device, params ReadOnlySpan<long> sizes)
    {
        var tensor = Empty(dtype, device, sizes);
        tensor.FillInPlace(value);
        return tensor;
    }

    /// <summary>0, 1, ..., count − 1.</summary>
    public static Tensor Arange(long count, DType dtype)
    {
        if (count is < 0 or > int.MaxValue)
            throw new TorchException($"{count} numbers in a row; 0 to {int.MaxValue}");
        var numbers = new long[count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = i;
        using var scope = TensorScope.Begin();
        var whole = From<long>(numbers, count);
        return scope.Keep(dtype == DType.Int64 ? whole : whole.To(dtype));
    }

    /// <summary>Zeros of this tensor's shape and type.</summary>
    public Tensor ZerosLike() => Ops.ZerosLike.Call(this);

    /// <summary>Ones of this tensor's shape and type.</summary>
    public Tensor OnesLike() => Ops.OnesLike.Call(this);

    /// <summary>Uninitialised elements of this tensor's shape and type.</summary>
    public Tensor EmptyLike() => Ops.EmptyLike.Call(this);
}
