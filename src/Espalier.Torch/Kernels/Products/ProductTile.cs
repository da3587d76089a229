using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// Eight rows by two vectors of a large product, the same sums as <see cref="Tile"/>'s, which asks for memory meanwhile: a line for each
/// entry of the depth. Asked for at once, lines that come from far away would fill all the places that wait for memory, and products stop.
/// It stands beside that tile because one for both makes prompts slower by a third: docs/log.md, 2026-11-30.
/// </summary>
internal static unsafe class ProductTile
{
    /// <summary>C [8, wide] = begin + A [8, depth] B [depth, wide].</summary>
    /// <param name="a">The first element of A.</param>
    /// <param name="r1">From row to row of A.</param>
    /// <param name="aDepth">From entry to entry of a row of A.</param>
    /// <param name="b">A panel of B.</param>
    /// <param name="bRow">From row to row of B.</param>
    /// <param name="depth">Columns of A and rows of B.</param>
    /// <param name="begin">What is added to, or null.</param>
    /// <param name="beginRow">From row to row of it.</param>
    /// <param name="c">The first element of C.</param>
    /// <param name="cRow">From row to row of C.</param>
    /// <param name="ask">What is asked for first.</param>
    /// <param name="askStep">From one to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Eight<TV>(float* a, long r1, long aDepth, float* b, long bRow, long depth, float* begin, long beginRow,
        float* c, long cRow, float* ask, long askStep)
        where TV : unmanaged, IFloats<TV>
    {
        if (!TV.HasManyRegisters)
        {
            Four<TV>(a, r1, aDepth, b, bRow, depth, begin, beginRow, c, cRow, ask, askStep);
            begin = begin == null ? null : begin + 4 * beginRow;
            Four<TV>(a + 4 * r1, r1, aDepth, b, bRow, depth, begin, beginRow, c + 4 * cRow, cRow, a, 0);
            return;
        }
        var zero = TV.All(0);
        TV c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
        TV c40 = zero, c41 = zero, c50 = zero, c51 = zero, c60 = zero, c61 = zero, c70 = zero, c71 = zero;
        var (r2, r3) = (2 * r1, 3 * r1);
        var low = a + 4 * r1;
        for (var d = 0L; d < depth; d++, a += aDepth, low += aDepth, b += bRow, ask += askStep)
        {
            if (Sse.IsSupported)
                Sse.Prefetch1(ask);
            TV b0 = TV.Load(b), b1 = TV.Load(b + TV.Lanes);
            Tile.AddFour(a, r1, r2, r3, b0, b1, ref c00, ref c01, ref c10, ref c11, ref c20, ref c21, ref c30, ref c31);
            Tile.AddFour(low, r1, r2, r3, b0, b1, ref c40, ref c41, ref c50, ref c51, ref c60, ref c61, ref c70, ref c71);
        }
        if (begin != null)
        {
            Add(ref c00, ref c01, begin);
            Add(ref c10, ref c11, begin + beginRow);
            Add(ref c20, ref c21, begin + 2 * beginRow);
            Add(ref c30, ref c31, begin + 3 * beginRow);
            Add(ref c40, ref c41, begin + 4 * beginRow);
            Add(ref c50, ref c51, begin + 5 * beginRow);
            Add(ref c60, ref c61, begin + 6 * beginRow);
            Add(ref c70, ref c71, begin + 7 * beginRow);
        }
        Put(c00, c01, c);
        Put(c10, c11, c + cRow);
        Put(c20, c21, c + 2 * cRow);
        Put(c30, c31, c + 3 * cRow);
        Put(c40, c41, c + 4 * cRow);
        Put(c50, c51, c + 5 * cRow);
        Put(c60, c61, c + 6 * cRow);
        Put(c70, c71, c + 7 * cRow);
    }

    /// <summary>The same of four rows, for machines with 16 registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four<TV>(float* a, long r1, long aDepth, float* b, long bRow, long depth, float* begin, long beginRow,
        float* c, long cRow, float* ask, long askStep)
        where TV : unmanaged, IFloats<TV>
    {
        var zero = TV.All(0);
        TV c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
        var (r2, r3) = (2 * r1, 3 * r1);
        for (var d = 0L; d < depth; d++, a += aDepth, b += bRow, ask += askStep)
        {
            if (Sse.IsSupported)
                Sse.Prefetch1(ask);
            TV b0 = TV.Load(b), b1 = TV.Load(b + TV.Lanes);
            Tile.AddFour(a, r1, r2, r3, b0, b1, ref c00, ref c01, ref c10, ref c11, ref c20, ref c21, ref c30, ref c31);
        }
        if (begin != null)
        {
            Add(ref c00, ref c01, begin);
            Add(ref c10, ref c11, begin + beginRow);
            Add(ref c20, ref c21, begin + 2 * beginRow);
            Add(ref c30, ref c31, begin + 3 * beginRow);
        }
        Put(c00, c01, c);
        Put(c10, c11, c + cRow);
        Put(c20, c21, c + 2 * cRow);
        Put(c30, c31, c + 3 * cRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TV>(ref TV first, ref TV second, float* begin) where TV : unmanaged, IFloats<TV>
    {
        first += TV.Load(begin);
        second += TV.Load(begin + TV.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TV>(TV first, TV second, float* c) where TV : unmanaged, IFloats<TV>
    {
        first.Store(c);
        second.Store(c + TV.Lanes);
    }
}
