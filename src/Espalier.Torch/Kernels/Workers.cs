using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels;

/// <summary>
/// Loops over libtorch's own threads, so that operators of libtorch and kernels of ours never compete for processors. A body gets a part of
/// the range; how it is cut depends on the number of threads, so that what must have the same bits with any number of them is cut by the
/// kernel, into tasks.
/// </summary>
internal static unsafe class Workers
{
    [ThreadStatic]
    private static bool s_isAlone;

    /// <summary>
    /// Until the result is disposed, loops of this thread wake no other one: for many small loops whose threads would have to be woken for
    /// each, which takes longer than the loop.
    /// </summary>
    /// <param name="when">Whether it is so; nothing changes otherwise.</param>
    public static Stay Alone(bool when) => new(when);

    /// <summary>
    /// Runs the body over [begin, end), in parts of at least <paramref name="grain"/> where there is more than one. The first exception of
    /// a body is thrown here.
    /// </summary>
    public static void For(long begin, long end, long grain, delegate*<long, long, void*, void> body, void* context)
    {
        if (s_isAlone || end - begin <= grain)
        {
            if (end > begin)
                body(begin, end, context);
            return;
        }
        ComputeThread.MakeReady();
        var loop = new Loop { Body = body, Context = context };
        Status.Check(Libtorch.ParallelFor(begin, end, grain, &Part, &loop), "libtorch could not run a loop");
        if (loop.Failure != 0)
        {
            var failure = GCHandle.FromIntPtr(loop.Failure);
            var exception = (Exception)failure.Target!;
            failure.Free();
            ExceptionDispatchInfo.Throw(exception);
        }
    }

    // An exception must not leave through native frames.
    [UnmanagedCallersOnly]
    private static void Part(long begin, long end, void* context)
    {
        var loop = (Loop*)context;
        try
        {
            loop->Body(begin, end, loop->Context);
        }
#pragma warning disable CA1031 // whatever it is, it is thrown on the thread that began the loop
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var failure = GCHandle.Alloc(exception);
            if (Interlocked.CompareExchange(ref loop->Failure, GCHandle.ToIntPtr(failure), 0) != 0)
                failure.Free();
        }
    }

    /// <summary>Whether the thread was alone before.</summary>
    public readonly ref struct Stay
    {
        private readonly bool _before = s_isAlone;

        public Stay(bool when) => s_isAlone |= when;

        public void Dispose() => s_isAlone = _before;
    }

    private struct Loop
    {
        public delegate*<long, long, void*, void> Body;
        public void* Context;
        public nint Failure;
    }
}
