using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Espalier.Torch.Kernels.Vectors;

/// <summary>
/// Eight doubles at a time on every machine (the runtime splits them where registers are narrower), multiplied and added in two roundings:
/// what is counted in float64 has the same bits on all of them.
/// </summary>
internal static unsafe class Doubles
{
    public const int Lanes = 8;

    /// <summary>Eight elements, float32 or float64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load<T>(T* from) where T : unmanaged => typeof(T) == typeof(float)
        ? Vector512.WidenLower(Vector256.Load((float*)from).ToVector512Unsafe())
        : Vector512.Load((double*)from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double One<T>(T* from) where T : unmanaged => typeof(T) == typeof(float) ? *(float*)from : *(double*)from;

    /// <summary>The sum, by halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Total(Vector512<double> x)
    {
        var four = x.GetLower() + x.GetUpper();
        var two = four.GetLower() + four.GetUpper();
        return two.GetElement(0) + two.GetElement(1);
    }
}
