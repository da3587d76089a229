using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// Memory from the system itself and not from malloc, and where that is asked for in pages of 2 MiB where Linux gives them: what is read
/// from one end to the other for every token would otherwise look up a page of 4 KiB every 64 lines. Given back when disposed. Idempotent.
/// </summary>
internal sealed unsafe partial class PageMemory : IDisposable
{
    private const int ReadWrite = 3, PrivateAnonymous = 0x22, HugePage = 14;
    private const nuint Huge = 2u << 20;

    private readonly void* _all;
    private readonly nuint _length;
    private readonly bool _isMapped;
    private bool _isDisposed;

    /// <summary>Room for so many bytes, that begin at a multiple of 2 MiB where they are mapped and are zero there.</summary>
    public PageMemory(long bytes, bool isHuge = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        if (OperatingSystem.IsLinux())
        {
            _length = (nuint)bytes + Huge;
            _all = mmap(null, _length, ReadWrite, PrivateAnonymous, -1, 0);
            if (_all == (void*)-1)
                throw new InsufficientMemoryException($"no memory for {bytes} bytes");
            _isMapped = true;
            Data = (byte*)(((nuint)_all + Huge - 1) / Huge * Huge);
            // A request: where the system has no huge pages, small ones serve.
            if (isHuge)
                _ = Advise((nint)Data, (nint)bytes, HugePage);
        }
        else
        {
            _all = NativeMemory.AlignedAlloc((nuint)Math.Max(1, bytes), 64);
            Data = (byte*)_all;
        }
    }

    /// <summary>How many were asked for.</summary>
    public long Bytes { get; }

    public byte* Data { get; }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (_isMapped)
            _ = munmap(_all, _length);
        else
            NativeMemory.AlignedFree(_all);
    }

    [LibraryImport("libc")]
    private static partial void* mmap(void* at, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(void* at, nuint bytes);

    /// <summary>Tells the system what pages are for; 0 where it listened.</summary>
    [LibraryImport("libc", EntryPoint = "madvise")]
    internal static partial int Advise(nint at, nint bytes, int advice);
}
