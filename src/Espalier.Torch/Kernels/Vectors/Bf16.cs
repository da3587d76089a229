using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels.Vectors;

/// <summary>The upper half of a float: eight bits of mantissa, the range of float32.</summary>
internal readonly struct Bf16(ushort bits)
{
    public readonly ushort Bits = bits;

    /// <summary>The nearest one, of two equally near the even one; NaN stays NaN, and what is too large becomes infinite.</summary>
    public static Bf16 Of(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return new((ushort)((float.IsNaN(x) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1)) >> 16));
    }

    /// <summary>The same number.</summary>
    public float Wide => BitConverter.UInt32BitsToSingle((uint)Bits << 16);
}

/// <summary>
/// Elements in memory as kernels read and write them, of float32 or <see cref="Bf16"/>; computed is in float32. Which of the two it is, is
/// known where the code is made, and costs nothing.
/// </summary>
internal static unsafe class Element
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    [MethodImpl(Inline)]
    public static TV Load<TV, TE>(TE* from) where TV : unmanaged, IFloats<TV> where TE : unmanaged =>
        typeof(TE) == typeof(Bf16) ? TV.LoadBFloat16((ushort*)from) : TV.Load((float*)from);

    [MethodImpl(Inline)]
    public static void Store<TV, TE>(TV x, TE* to) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        if (typeof(TE) == typeof(Bf16))
            x.Store((Bf16*)to);
        else
            x.Store((float*)to);
    }

    [MethodImpl(Inline)]
    public static float Get<TE>(TE* from) where TE : unmanaged => typeof(TE) == typeof(Bf16) ? ((Bf16*)from)->Wide : *(float*)from;

    [MethodImpl(Inline)]
    public static void Set<TE>(TE* to, float x) where TE : unmanaged
    {
        if (typeof(TE) == typeof(Bf16))
            *(Bf16*)to = Bf16.Of(x);
        else
            *(float*)to = x;
    }

    /// <summary>Asks for the cache line some way ahead.</summary>
    [MethodImpl(Inline)]
    public static void Ask<TE>(TE* from) where TE : unmanaged =>
        Series.Ask((float*)((byte*)from + Series.Ahead * sizeof(float)));
}
