using System.Runtime.InteropServices;

namespace Espalier.Torch.Kernels;

/// <summary>Memory of a thread for what a kernel computes on the way, kept from call to call.</summary>
internal static unsafe class Scratch
{
    [ThreadStatic] private static float* s_memory;
    [ThreadStatic] private static long s_floats;

    /// <summary>
    /// Room for so many floats, beginning on a cache line; good until the same thread asks again. What is in it is anything.
    /// </summary>
    public static float* Of(long floats)
    {
        if (floats > s_floats)
        {
            NativeMemory.AlignedFree(s_memory);
            s_memory = null;
            s_floats = 0;
            s_memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
            s_floats = floats;
        }
        return s_memory;
    }

    /// <summary>Frees the thread's room: before it ends, for nobody else can.</summary>
    public static void Free()
    {
        NativeMemory.AlignedFree(s_memory);
        s_memory = null;
        s_floats = 0;
    }

    /// <summary>The next so many floats of such room.</summary>
    public static float* Take(ref float* from, long count)
    {
        var there = from;
        from += count;
        return there;
    }
}
