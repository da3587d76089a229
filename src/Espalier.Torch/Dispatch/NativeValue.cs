using System.Runtime.InteropServices;

namespace Espalier.Torch.Dispatch;

/// <summary>What a tagged value is.</summary>
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

/// <summary>One result of an operator.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct NativeValue
{
    [FieldOffset(0)] public ValueTag Tag;
    [FieldOffset(8)] public long Integer;
    [FieldOffset(8)] public nint Pointer;
}
