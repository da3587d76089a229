using System.Runtime.Intrinsics;

namespace Espalier.Torch.Kernels.Vectors;

/// <summary>Which of a kernel's widths this machine runs.</summary>
internal static unsafe class Width
{
    [ThreadStatic] private static int s_wanted;

    /// <summary>
    /// Bits of the vectors that this thread's kernels take: the widest that are fast here unless a test sets others; 0 sets them back.
    /// </summary>
    public static int Bits { get => s_wanted == 0 ? Widest : s_wanted; set => s_wanted = value; }

    /// <summary>What the machine has; 128 also where it has none, and single floats do the work.</summary>
    private static int Widest => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <summary>The function of the machine's width.</summary>
    public static delegate*<long, long, void*, void> Of(
        delegate*<long, long, void*, void> of512, delegate*<long, long, void*, void> of256, delegate*<long, long, void*, void> of128) =>
        Bits switch { 512 => of512, 256 => of256, _ => of128 };
}
