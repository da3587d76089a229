namespace Espalier.Torch.Dispatch;

/// <summary>The types of libtorch's schemas, without list and optional.</summary>
internal enum ValueKind
{
    Tensor,
    Int,
    Float,
    Bool,
    Scalar,
    ScalarType,
    Layout,
    MemoryFormat,
    Device,
    String,
}
