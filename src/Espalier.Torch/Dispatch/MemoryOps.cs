using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>The operators that give memory and say how it is looked at, which kernels need, too; schemas as libtorch has them.</summary>
internal static unsafe class MemoryOps
{
    public static readonly Op Contiguous = new(
        "aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)");
    public static readonly Op View = new("aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)");
    public static readonly Op ViewAs = new("aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)");
    public static readonly Op Slice = new(
        "aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, " +
        "SymInt step=1) -> Tensor(a)");

    /// <summary>A new tensor in order; what is in it is anything.</summary>
    public static Tensor Empty(DType dtype, Device device, ReadOnlySpan<long> sizes)
    {
        _ = BytesOf(dtype, sizes);
        var steps = stackalloc long[sizes.Length];
        for (var (i, step) = (sizes.Length - 1, 1L); i >= 0; step *= Math.Max(1, sizes[i--]))
            steps[i] = step;
        nint tensor;
        fixed (long* shape = sizes)
            if (Libtorch.Empty(sizes.Length, shape, steps, (int)dtype, device.Kind, device.Index, &tensor) != 0)
                throw Status.Failure($"no memory on {device} for {dtype} [{string.Join(", ", sizes.ToArray())}]");
        return Tensor.Adopt(tensor);
    }

    /// <summary>Bytes of a tensor. Sizes come from files: their product is checked before anything is allocated.</summary>
    public static long BytesOf(DType dtype, ReadOnlySpan<long> sizes)
    {
        if (sizes.Length > TensorFacts.MaxDimensions)
            throw new TorchException($"{sizes.Length} dimensions; at most {TensorFacts.MaxDimensions}");
        if (!Enum.IsDefined(dtype))
            throw new TorchException($"element type {dtype} is unknown");
        Int128 bytes = dtype.Size();
        foreach (var size in sizes)
        {
            if (size < 0)
                throw new TorchException($"a tensor cannot have a negative size: [{string.Join(", ", sizes.ToArray())}]");
            bytes = bytes > long.MaxValue ? bytes : bytes * size;
        }
        return sizes.Contains(0) ? 0 : bytes <= long.MaxValue ? (long)bytes
            : throw new TorchException($"a tensor of sizes [{string.Join(", ", sizes.ToArray())}] is larger than any memory");
    }
}
