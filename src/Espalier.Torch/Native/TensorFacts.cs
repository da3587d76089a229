namespace Espalier.Torch.Native;

/// <summary>What a native tensor says of itself. The caller holds the tensor.</summary>
internal static unsafe class TensorFacts
{
    /// <summary>More are refused: kernels keep sizes and strides in fixed room.</summary>
    public const int MaxDimensions = 16;

    public static DType ElementType(nint tensor) => (DType)Ask<int>(Libtorch.ElementType, tensor, "a tensor has no element type");

    public static long Elements(nint tensor) =>
        Ask<long>(Libtorch.Elements, tensor, "a tensor does not say how many elements it has");

    public static bool IsContiguous(nint tensor) =>
        Ask<byte>(Libtorch.IsContiguous, tensor, "a tensor does not say how it lies in memory") != 0;

    /// <summary>Another handle on the same tensor.</summary>
    public static nint NewHandle(nint tensor) => Ask<nint>(Libtorch.NewHandle, tensor, "no memory for a handle");

    public static bool LiesInRows(nint tensor)
    {
        ReadOnlySpan<long> sizes = Sizes(tensor), steps = Strides(tensor);
        return sizes.Length == 2 && (steps[1] == 1 || sizes[1] <= 1) && (steps[0] >= sizes[1] || sizes[0] <= 1);
    }

    public static bool IsOnCpu(nint tensor) => DeviceType(tensor) == Libtorch.Cpu;

    public static int DeviceType(nint tensor) => Ask<int>(Libtorch.DeviceType, tensor, "a tensor does not say where it is");

    public static int DeviceIndex(nint tensor) => Ask<int>(Libtorch.DeviceIndex, tensor, "a tensor does not say where it is");

    /// <summary>Sizes, outermost first; good as long as the tensor.</summary>
    public static ReadOnlySpan<long> Sizes(nint tensor) =>
        new((long*)Ask<nint>(Libtorch.Sizes, tensor, "a tensor has no sizes"), Dimensions(tensor));

    /// <summary>Elements between neighbours of each dimension; good as long as the tensor.</summary>
    public static ReadOnlySpan<long> Strides(nint tensor) =>
        new((long*)Ask<nint>(Libtorch.Strides, tensor, "a tensor has no strides"), Dimensions(tensor));

    /// <summary>The first element in the processor's memory; null where there are no elements.</summary>
    public static void* Data(nint tensor)
    {
        if (!IsOnCpu(tensor))
            throw new TorchException("the tensor's memory is not the processor's");
        if (Elements(tensor) == 0)
            return null;
        var data = Ask<nint>(Libtorch.DataPointer, tensor, "the tensor has no storage");
        return data == 0 ? throw new TorchException("the tensor has no storage") : (void*)data;
    }

    private static int Dimensions(nint tensor)
    {
        var count = Ask<long>(Libtorch.Dimensions, tensor, "a tensor has no dimensions");
        return count <= MaxDimensions ? (int)count : throw new TorchException($"{count} dimensions; at most {MaxDimensions}");
    }

    private static T Ask<T>(delegate* unmanaged<nint, void*, int> question, nint tensor, string unanswered) where T : unmanaged
    {
        T answer;
        Status.Check(question(tensor, &answer), unanswered);
        return answer;
    }
}
