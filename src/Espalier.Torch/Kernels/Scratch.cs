using System.Runtime.InteropServices;

namespace Espalier.Torch.Kernels;

/// <summary>Memory of a thread for what a kernel computes on the way, kept from call to call.</summary>
internal static unsafe class Scratch
{
    [ThreadStatic] private static float* _memory;
    [ThreadStatic] private static long _floats;

    /// <summary>
    /// Room for so many floats, beginning on a cache line; good until the same thread asks again. What is in it is anything.
    /// </summary>
    public static float* Of(long floats)
    {
        if (floats > _floats)
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            _floats = 0;
            _memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
            _floats = floats;
        }
        return _memory;
    }
}
