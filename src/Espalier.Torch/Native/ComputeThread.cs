using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>What a thread needs before it computes, done at its first call.</summary>
internal static unsafe class ComputeThread
{
    // For how many threads this one is ready; OpenMP gives each thread that begins a loop helpers of its own.
    [ThreadStatic]
    private static int s_readyFor;

    private static int s_threads = -1;

    /// <summary>How many threads compute together.</summary>
    public static int Threads
    {
        get
        {
            uint count;
            Status.Check(Libtorch.ThreadCount(&count), "libtorch does not say how many threads it uses");
            return (int)count;
        }
    }

    /// <summary>
    /// Turns off libtorch's gradients on this thread, for they are recorded by us, and starts its helpers with signals held back for good:
    /// a thread inherits the mask of the one that starts it, and helpers multiply (<see cref="SignalHold"/>).
    /// </summary>
    public static void MakeReady()
    {
        if (s_readyFor != s_threads)
            StartHelpers();
    }

    /// <summary>Says that the number of threads changed.</summary>
    public static void Changed(int threads) => Volatile.Write(ref s_threads, threads);

    private static void StartHelpers()
    {
        Libtorch.SetGradMode(0);
        var threads = Threads;
        Interlocked.CompareExchange(ref s_threads, threads, -1);
        using (SignalHold.Begin())
            Status.Check(Libtorch.ParallelFor(0, threads, 1, &Nothing, null), "libtorch could not run a loop");
        s_readyFor = s_threads;
    }

    [UnmanagedCallersOnly]
    private static void Nothing(long begin, long end, void* context)
    {
    }
}
