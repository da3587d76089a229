namespace Espalier.Torch.Native;

/// <summary>What a native tensor says of itself. The caller holds the tensor.</summary>
internal static unsafe class TensorFacts
{
    /// <summary>More are refused: kernels keep sizes and strides in fixed room.</summary>
    public const int MaxDimensions = 16;

    public static DType ElementType(nint tensor)
    {
        int dtype;
        Status.Check(Libtorch.ElementType(tensor, &dtype), "a tensor has no element type");
        return (DType)dtype;
    }

    public static long Elements(nint tensor)
    {
        long count;
        Status.Check(Libtorch.Elements(tensor, &count), "a tensor does not say how many elements it has");
        return count;
    }

    public static bool IsContiguous(nint tensor)
    {
        byte contiguous;
        Status.Check(Libtorch.IsContiguous(tensor, &contiguous), "a tensor does not say how it lies in memory");
        return contiguous != 0;
    }

    public static bool LiesInRows(nint tensor)
    {
        ReadOnlySpan<long> sizes = Sizes(tensor), steps = Strides(tensor);
        return sizes.Length == 2 && (steps[1] == 1 || sizes[1] <= 1) && (steps[0] >= sizes[1] || sizes[0] <= 1);
    }

    public static bool IsOnCpu(nint tensor)
    {
        int device;
        Status.Check(Libtorch.DeviceType(tensor, &device), "a tensor does not say where it is");
        return device == Libtorch.Cpu;
    }

    /// <summary>Sizes, outermost first; good as long as the tensor.</summary>
    public static ReadOnlySpan<long> Sizes(nint tensor)
    {
        long* sizes;
        Status.Check(Libtorch.Sizes(tensor, &sizes), "a tensor has no sizes");
        return new(sizes, Dimensions(tensor));
    }

    /// <summary>Elements between neighbours of each dimension; good as long as the tensor.</summary>
    public static ReadOnlySpan<long> Strides(nint tensor)
    {
        long* strides;
        Status.Check(Libtorch.Strides(tensor, &strides), "a tensor has no strides");
        return new(strides, Dimensions(tensor));
    }

    /// <summary>The first element in the processor's memory; null where there are no elements.</summary>
    public static void* Data(nint tensor)
    {
        if (!IsOnCpu(tensor))
            throw new TorchException("the tensor's memory is not the processor's");
        if (Elements(tensor) == 0)
            return null;
        void* data;
        Status.Check(Libtorch.DataPointer(tensor, &data), "the tensor has no storage");
        return data == null ? throw new TorchException("the tensor has no storage") : data;
    }

    private static int Dimensions(nint tensor)
    {
        long count;
        Status.Check(Libtorch.Dimensions(tensor, &count), "a tensor has no dimensions");
        return count <= MaxDimensions ? (int)count : throw new TorchException($"{count} dimensions; at most {MaxDimensions}");
    }
}
