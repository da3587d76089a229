using System.Runtime.InteropServices;
using Espalier.Torch.Dispatch;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels;

/// <summary>
/// In <see cref="GuardMode"/> what kernels write lies between bytes of a known pattern, and a kernel that touched them is an error that
/// says so.
/// </summary>
internal static unsafe class Canaries
{
    private const int Room = 4096; // bytes on each side
    private const byte Pattern = 0xA5;

    /// <summary>A tensor in order, in the middle of a longer one that is all pattern.</summary>
    public static Tensor Around(DType dtype, ReadOnlySpan<long> shape)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (count, room) = (1L, (long)(Room / dtype.Size()));
        foreach (var size in shape)
            count *= size;
        var bytes = 2 * Room + count * dtype.Size();
        var whole = MemoryOps.Empty(DType.UInt8, Device.Cpu, [bytes]);
        using (var place = Operand.Of(whole))
            NativeMemory.Fill(place.Data, (nuint)bytes, Pattern);
        var middle = MemoryOps.Slice.Call(MemoryOps.ViewAs.Call(whole, dtype), 0, room, room + count);
        return scope.Keep(MemoryOps.View.Call(middle, Shapes.Of(shape)));
    }

    /// <summary>What was written beside a tensor of <see cref="Around"/>, or null.</summary>
    public static string? Broken(byte* data, Tensor tensor)
    {
        var bytes = tensor.ElementCount * tensor.DType.Size();
        var before = new ReadOnlySpan<byte>(data - Room, Room).IndexOfAnyExcept(Pattern);
        var behind = new ReadOnlySpan<byte>(data + bytes, Room).IndexOfAnyExcept(Pattern);
        return before >= 0 ? $"a kernel wrote {Room - before} bytes before its result, {tensor}"
            : behind >= 0 ? $"a kernel wrote {behind} bytes after its result, {tensor}" : null;
    }
}
