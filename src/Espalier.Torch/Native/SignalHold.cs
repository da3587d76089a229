using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// Holds signals back on this thread while a library multiplies matrices. The float32 code that oneDNN generated before 3.11.2 keeps a
/// pointer to its data in the stack pointer, so that what the system writes there for a signal's handler lands in a tensor or in the heap.
/// What arrives meanwhile is delivered at the end, to this thread, or at once to another one. docs/decisions/0017.
/// </summary>
internal readonly unsafe ref partial struct SignalHold
{
    private const int Block = 0, SetMask = 2; // Linux
    private const int Ill = 4, Trap = 5, Abort = 6, Bus = 7, FloatingPoint = 8, Segment = 11, System = 31;

    private static readonly Mask s_all = All();

    private readonly Mask _before;
    private readonly bool _isHolding;

    private SignalHold(Mask before) => (_before, _isHolding) = (before, true);

    /// <summary>Holds signals back until disposed, on the same thread.</summary>
    public static SignalHold Begin()
    {
        if (!OperatingSystem.IsLinux())
            return default;
        Mask before;
        fixed (Mask* all = &s_all)
            return pthread_sigmask(Block, all, &before) == 0 ? new(before) : default;
    }

    public void Dispose()
    {
        if (!_isHolding)
            return;
        fixed (Mask* before = &_before)
            _ = pthread_sigmask(SetMask, before, null);
    }

    /// <summary>All but those that the thread's own faults raise, which nobody can hold back.</summary>
    private static Mask All()
    {
        Mask all;
        if (!OperatingSystem.IsLinux())
            return default;
        _ = sigfillset(&all);
        foreach (var fault in (ReadOnlySpan<int>)[Ill, Trap, Abort, Bus, FloatingPoint, Segment, System])
            _ = sigdelset(&all, fault);
        return all;
    }

    [LibraryImport("libc"), SuppressGCTransition]
    private static partial int pthread_sigmask(int how, Mask* mask, Mask* before);

    [LibraryImport("libc")]
    private static partial int sigfillset(Mask* mask);

    [LibraryImport("libc")]
    private static partial int sigdelset(Mask* mask, int signal);

    /// <summary>sigset_t: 128 bytes in glibc and in musl.</summary>
    [InlineArray(16)]
    private struct Mask
    {
        private ulong _first;
    }
}
