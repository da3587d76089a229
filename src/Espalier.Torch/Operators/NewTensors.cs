using Espalier.Torch.Dispatch;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>Tensors made of nothing.</summary>
public static class NewTensors
{
    extension(Tensor)
    {
        /// <summary>Uninitialised elements.</summary>
        public static Tensor Empty(DType dtype, params ReadOnlySpan<long> sizes) => MemoryOps.Empty.Call(Shapes.Of(sizes), dtype);

        /// <summary>Zeros.</summary>
        public static Tensor Zeros(DType dtype, params ReadOnlySpan<long> sizes) => Ops.Zeros.Call(Shapes.Of(sizes), dtype);

        /// <summary>Uninitialised elements on a device.</summary>
        public static Tensor Empty(DType dtype, Device device, params ReadOnlySpan<long> sizes) =>
            MemoryOps.Empty.Call(Shapes.Of(sizes), dtype, Argument.None, device);

        /// <summary>Zeros on a device.</summary>
        public static Tensor Zeros(DType dtype, Device device, params ReadOnlySpan<long> sizes) =>
            Ops.Zeros.Call(Shapes.Of(sizes), dtype, Argument.None, device);

        /// <summary>One value everywhere.</summary>
        public static Tensor Full(double value, DType dtype, params ReadOnlySpan<long> sizes) =>
            Tensor.Full(value, dtype, Device.Cpu, sizes);

        /// <summary>One value everywhere, on a device.</summary>
        public static Tensor Full(double value, DType dtype, Device device, params ReadOnlySpan<long> sizes)
        {
            var tensor = Tensor.Empty(dtype, device, sizes);
            tensor.FillInPlace(value);
            return tensor;
        }

        /// <summary>0, 1, ..., count − 1.</summary>
        public static Tensor Arange(long count, DType dtype)
        {
            if (count is < 0 or > int.MaxValue)
                throw new TorchException($"{count} numbers in a row; 0 to {int.MaxValue}");
            using var scope = TensorScope.Begin();
            var whole = Tensor.From<long>([.. Enumerable.Range(0, (int)count).Select(i => (long)i)], count);
            return scope.Keep(dtype == DType.Int64 ? whole : whole.To(dtype));
        }
    }

    /// <summary>Zeros of this tensor's shape and type.</summary>
    public static Tensor ZerosLike(this Tensor x) => Ops.ZerosLike.Call(x);

    /// <summary>Ones of this tensor's shape and type.</summary>
    public static Tensor OnesLike(this Tensor x) => Ops.OnesLike.Call(x);

    /// <summary>Uninitialised elements of this tensor's shape and type.</summary>
    public static Tensor EmptyLike(this Tensor x) => Ops.EmptyLike.Call(x);
}
