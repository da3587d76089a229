using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Torch.Kernels.Vectors;

/// <summary>Functions of vectors that no machine has an instruction for, and asking memory ahead.</summary>
internal static unsafe class Series
{
    /// <summary>Floats ahead at which a kernel asks for what it will read: the next pages, where no processor looks by itself.</summary>
    public const int Ahead = 1024;

    /// <summary>
    /// e to the x, within two units in the last place: x = n ln 2 + r, the series of e^r, and 2^n by the exponent's bits. Below the
    /// smallest normal number 0, above e^88.37 infinity; NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV ExponentialByBits<TV>(TV x) where TV : unmanaged, IFloats<TV>
    {
        var magic = TV.All(12582912f); // 1.5 · 2^23: adding it rounds to whole numbers
        var shifted = TV.MultiplyAdd(x, TV.All(1.44269504f), magic);
        var y = ExponentialBelow(x, shifted - magic) * TV.PowerOfTwo(shifted, magic);
        y = TV.WhereAbove(x, TV.All(88.37f), TV.All(float.PositiveInfinity), y);
        return TV.WhereAbove(TV.All(-87.33654f), x, TV.All(0), y);
    }

    /// <summary>e to the r = x − n ln 2, with |r| ≤ 0.35: the series to the seventh power leaves 5e-9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV ExponentialBelow<TV>(TV x, TV n) where TV : unmanaged, IFloats<TV>
    {
        var r = TV.MultiplyAdd(n, TV.All(-1.42860677e-6f), TV.MultiplyAdd(n, TV.All(-0.693145752f), x));
        var p = TV.All(1f / 5040);
        p = TV.MultiplyAdd(p, r, TV.All(1f / 720));
        p = TV.MultiplyAdd(p, r, TV.All(1f / 120));
        p = TV.MultiplyAdd(p, r, TV.All(1f / 24));
        p = TV.MultiplyAdd(p, r, TV.All(1f / 6));
        p = TV.MultiplyAdd(p, r, TV.All(0.5f));
        p = TV.MultiplyAdd(p, r, TV.All(1f));
        return TV.MultiplyAdd(p, r, TV.All(1f));
    }

    /// <summary>
    /// 2 to the x of x below 128: as <see cref="ExponentialByBits"/>, but that nothing is rounded on the way to x = n + r.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV ExponentialOfTwoByBits<TV>(TV x) where TV : unmanaged, IFloats<TV>
    {
        var magic = TV.All(12582912f);
        var shifted = x + magic;
        var y = ExponentialOfTwoBelow(x - (shifted - magic)) * TV.PowerOfTwo(shifted, magic);
        return TV.WhereAbove(TV.All(-126f), x, TV.All(0), y);
    }

    /// <summary>
    /// 2 to the r, with |r| ≤ 1/2: of the polynomials of the sixth degree the one whose largest relative error is smallest, 1.9e-9.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV ExponentialOfTwoBelow<TV>(TV r) where TV : unmanaged, IFloats<TV>
    {
        var p = TV.All(0.000153458121587f);
        p = TV.MultiplyAdd(p, r, TV.All(0.00133999312095f));
        p = TV.MultiplyAdd(p, r, TV.All(0.00961848895652f));
        p = TV.MultiplyAdd(p, r, TV.All(0.05550328777f));
        p = TV.MultiplyAdd(p, r, TV.All(0.240226468906f));
        p = TV.MultiplyAdd(p, r, TV.All(0.693147205737f));
        return TV.MultiplyAdd(p, r, TV.All(1f));
    }

    /// <summary>
    /// log(1 + x) of 0 ≤ x ≤ 1, within 2e-8 and a rounding of itself: 2 artanh z with z = x / (2 + x), at most 1/3, by its series.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV LogOnePlus<TV>(TV x) where TV : unmanaged, IFloats<TV>
    {
        var z = x / (TV.All(2) + x);
        var square = z * z;
        var p = TV.All(2f / 15);
        p = TV.MultiplyAdd(p, square, TV.All(2f / 13));
        p = TV.MultiplyAdd(p, square, TV.All(2f / 11));
        p = TV.MultiplyAdd(p, square, TV.All(2f / 9));
        p = TV.MultiplyAdd(p, square, TV.All(2f / 7));
        p = TV.MultiplyAdd(p, square, TV.All(2f / 5));
        p = TV.MultiplyAdd(p, square, TV.All(2f / 3));
        return TV.MultiplyAdd(p, square, TV.All(2f)) * z;
    }

    /// <summary>1 / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Sigmoid<TV>(TV x) where TV : unmanaged, IFloats<TV> => TV.All(1) / (TV.All(1) + TV.Exponential(TV.All(0) - x));

    /// <summary>Asks for the cache line of what will be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ask(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }
}
