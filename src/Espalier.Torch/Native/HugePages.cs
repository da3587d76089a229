using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// Asks the system for pages of 2 MiB under large blocks that are about to be filled. A fresh page is given and cleared at the first write to it, which on virtual machines is dear:
/// docs/performance.md has the rates with and without.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Size of such a page, and the smallest block that is worth one.</summary>
    private const long Bytes = 2 << 20;

    private const int Advice = 14;

    /// <summary>
    /// Asks for huge pages under a block, up to the page borders outside it: blocks that were taken one after the other lie beside each other, and border pages hold parts of two. It is advice:
    /// where the system has none, or does not want to, nothing happens.
    /// </summary>
    /// <param name="place">The block's first byte.</param>
    /// <param name="bytes">Its length.</param>
    public static void Ask(void* place, long bytes)
    {
        if (bytes < Bytes || !OperatingSystem.IsLinux() || (nint)place == 0)
            return;
        var first = (nint)place & ~(nint)(Bytes - 1);
        var end = (nint)place + bytes + Bytes - 1 & ~(nint)(Bytes - 1);
        _ = madvise(first, (nuint)(end - first), Advice);
    }

    [LibraryImport("libc")]
    private static partial int madvise(nint place, nuint bytes, int advice);
}
