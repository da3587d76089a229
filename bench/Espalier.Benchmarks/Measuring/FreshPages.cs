using System.Runtime.InteropServices;

namespace Espalier.Benchmarks;

/// <summary>What memory costs that was never touched: the system gives and clears a page at the first write to it.</summary>
internal static unsafe partial class FreshPages
{
    private const int ReadWrite = 3, PrivateAnonymous = 0x22, HugePage = 14;
    private const nuint Bytes = 256u << 20, Huge = 2u << 20;

    /// <summary>Gigabytes a second of the first filling, the best of a few rounds.</summary>
    /// <param name="huge">Whether pages of 2 MiB are asked for.</param>
    public static double Rate(bool huge) => Enumerable.Range(0, 4).Max(_ => Filled(huge));

    private static double Filled(bool huge)
    {
        var all = mmap(null, Bytes + Huge, ReadWrite, PrivateAnonymous, -1, 0);
        if (all == (void*)-1)
            throw new NotMeasuredException("no memory to fill");
        // Pages of 2 MiB begin at a multiple of that.
        var first = (byte*)(((nuint)all + Huge - 1) / Huge * Huge);
        if (huge && madvise(first, Bytes, HugePage) != 0)
            throw new NotMeasuredException("the system has no huge pages");
        var seconds = Cost.Of(() => NativeMemory.Fill(first, Bytes, 1)).Wall;
        _ = munmap(all, Bytes + Huge);
        return Bytes / seconds / 1e9;
    }

    [LibraryImport("libc")]
    private static partial void* mmap(void* at, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(void* at, nuint bytes);

    [LibraryImport("libc")]
    private static partial int madvise(void* at, nuint bytes, int advice);
}
