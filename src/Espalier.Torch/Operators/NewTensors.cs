using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Operators;

/// <summary>Tensors made of nothing.</summary>
public static class NewTensors
{
    extension(Tensor)
    {
        /// <summary>Uninitialised elements.</summary>
        public static Tensor Empty(DType dtype, params ReadOnlySpan<long> sizes) => MemoryOps.Empty(dtype, Device.Cpu, sizes);

        /// <summary>Zeros.</summary>
        public static Tensor Zeros(DType dtype, params ReadOnlySpan<long> sizes) => Tensor.Full(0, dtype, Device.Cpu, sizes);

        /// <summary>Uninitialised elements on a device.</summary>
        public static Tensor Empty(DType dtype, Device device, params ReadOnlySpan<long> sizes) => MemoryOps.Empty(dtype, device, sizes);

        /// <summary>Zeros on a device.</summary>
        public static Tensor Zeros(DType dtype, Device device, params ReadOnlySpan<long> sizes) => Tensor.Full(0, dtype, device, sizes);

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
    public static Tensor ZerosLike(this Tensor x) => Tensor.Zeros(x.DType, x.Device, x.Shape);

    /// <summary>Ones of this tensor's shape and type.</summary>
    public static Tensor OnesLike(this Tensor x) => Tensor.Full(1, x.DType, x.Device, x.Shape);

    /// <summary>Uninitialised elements of this tensor's shape and type.</summary>
    public static Tensor EmptyLike(this Tensor x) => Tensor.Empty(x.DType, x.Device, x.Shape);
}
