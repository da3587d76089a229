namespace Espalier.Torch.Dispatch;

/// <summary>The operators that give memory and say how it is looked at, which kernels need, too; schemas as libtorch has them.</summary>
internal static class MemoryOps
{
    public static readonly Op Empty = new(
        "aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
        "bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor");
    public static readonly Op Contiguous = new(
        "aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)");
    public static readonly Op View = new("aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)");
    public static readonly Op ViewAs = new("aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)");
    public static readonly Op Slice = new(
        "aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, " +
        "SymInt step=1) -> Tensor(a)");
}
