using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// glibc gives large blocks back to the system at every free, and the page faults of getting them again are about a fifth
/// of an eager training step. Here freed memory is kept: no mmap for large blocks, no trimming, one arena.
/// </summary>
internal static partial class Allocator
{
    private const int TrimThreshold = -1, TopPad = -2, MmapMax = -4, ArenaMax = -8;

    // As a size it is the largest there is; the largest positive number would be 2 GiB.
    private const int NoTrim = -1;

    /// <summary>Sets glibc's malloc to keep memory; nothing outside glibc. <c>ESPALIER_MALLOC=system</c> leaves it as it is.</summary>
    public static void KeepMemory()
    {
        if (Environment.GetEnvironmentVariable("ESPALIER_MALLOC") == "system")
            return;
        try
        {
            _ = mallopt(ArenaMax, 1) == 1 && mallopt(MmapMax, 0) == 1
                && mallopt(TrimThreshold, NoTrim) == 1 && mallopt(TopPad, 64 << 20) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc's: its memory is as it is.
        }
    }

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);
}
