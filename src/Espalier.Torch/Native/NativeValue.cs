using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>What a tagged value is; <c>esp_tag</c> in the C header.</summary>
internal enum ValueTag
{
    Default = 0,
    None = 1,
    Tensor = 2,
    Int = 3,
    Double = 4,
    Bool = 5,
    IntList = 6,
    DoubleList = 7,
    TensorList = 8,
    String = 9,
}

/// <summary>One argument or result of an operator; <c>esp_value</c> in the C header.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct NativeValue
{
    [FieldOffset(0)] public ValueTag Tag;
    [FieldOffset(4)] public int Length;
    [FieldOffset(8)] public long Integer;
    [FieldOffset(8)] public double Number;
    [FieldOffset(8)] public nint Pointer;
}

/// <summary>What a tensor is; <c>esp_tensor_info</c> in the C header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTensorInfo
{
    public const int MaxDimensions = 16;

    public DType DType;
    public int IsCuda;
    public int IsContiguous;
    public long Dimensions;
    public long Elements;
    public fixed long Sizes[MaxDimensions];
}

/// <summary>Where the elements of a tensor lie; <c>esp_tensor_place</c> in the C header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Placement
{
    public void* Data;
    public fixed long Strides[NativeTensorInfo.MaxDimensions];
}
