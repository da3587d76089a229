using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// Small products that stay in the caches: C = A B or C += A B. A is read where it lies, by two steps, so that it may be a transposed view.
/// B is packed in panels of
/// <see cref="Wide"/> columns: [columns / wide][depth][wide].
/// </summary>
internal static unsafe class Tile
{
    /// <summary>Columns of a panel of positions, whatever the vectors' width: what a prompt's activations lie in.</summary>
    public const int Positions = 32;

    /// <summary>Columns of a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Wide<TV>() where TV : unmanaged, IFloats<TV> => 2 * TV.Lanes;

    /// <summary>The next multiple of the panel's width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Up<TV>(long columns) where TV : unmanaged, IFloats<TV> => (columns + Wide<TV>() - 1) / Wide<TV>() * Wide<TV>();

    /// <summary>C [rows, columns] (+)= A [rows, depth] B [depth, columns]; columns is a multiple of the panel's width.</summary>
    /// <param name="a">The first element of A.</param>
    /// <param name="aRow">From row to row of A.</param>
    /// <param name="aDepth">From entry to entry of a row of A.</param>
    /// <param name="b">The first panel of B, at its first row that counts.</param>
    /// <param name="panelStep">From panel to panel of B.</param>
    /// <param name="c">The first element of C, whose columns lie side by side.</param>
    /// <param name="cRow">From row to row of C.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="columns">Columns of B and C.</param>
    /// <param name="depth">Columns of A and rows of B.</param>
    /// <param name="add">Whether C is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TV>(
        float* a, long aRow, long aDepth, float* b, long panelStep, float* c, long cRow, long rows, long columns, long depth, bool add)
        where TV : unmanaged, IFloats<TV>
    {
        for (var column = 0L; column < columns; column += Wide<TV>(), b += panelStep, c += Wide<TV>())
            Column<TV>(a, aRow, aDepth, b, Wide<TV>(), c, cRow, rows, depth, add);
    }

    /// <summary>
    /// The same of a B whose rows lie side by side, of <see cref="Positions"/> columns each, and a C that lies so: panels of positions.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyPanel<TV>(float* a, long aRow, long aDepth, float* b, float* c, long rows, long depth, bool add)
        where TV : unmanaged, IFloats<TV>
    {
        for (var column = 0; column < Positions; column += Wide<TV>())
            Column<TV>(a, aRow, aDepth, b + column, Positions, c + column, Positions, rows, depth, add);
    }

    // Two vectors of columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Column<TV>(
        float* a, long aRow, long aDepth, float* b, long bRow, float* c, long cRow, long rows, long depth, bool add)
        where TV : unmanaged, IFloats<TV>
    {
        var row = 0L;
        if (TV.HasManyRegisters)
            for (; row + 8 <= rows; row += 8)
                Eight<TV>(a + row * aRow, aRow, aDepth, b, bRow, depth, c + row * cRow, cRow, add);
        for (; row + 4 <= rows; row += 4)
            Four<TV>(a + row * aRow, aRow, aDepth, b, bRow, depth, c + row * cRow, cRow, add);
        for (; row < rows; row++)
            One<TV>(a + row * aRow, aDepth, b, bRow, depth, c + row * cRow, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight<TV>(float* a, long r1, long aDepth, float* b, long bRow, long depth, float* c, long cRow, bool add)
        where TV : unmanaged, IFloats<TV>
    {
        var zero = TV.All(0);
        TV c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
        TV c40 = zero, c41 = zero, c50 = zero, c51 = zero, c60 = zero, c61 = zero, c70 = zero, c71 = zero;
        var (r2, r3) = (2 * r1, 3 * r1);
        var low = a + 4 * r1;
        for (var d = 0L; d < depth; d++, a += aDepth, low += aDepth, b += bRow)
        {
            TV b0 = TV.Load(b), b1 = TV.Load(b + TV.Lanes);
            AddFour(a, r1, r2, r3, b0, b1, ref c00, ref c01, ref c10, ref c11, ref c20, ref c21, ref c30, ref c31);
            AddFour(low, r1, r2, r3, b0, b1, ref c40, ref c41, ref c50, ref c51, ref c60, ref c61, ref c70, ref c71);
        }
        Put(c00, c01, c, add);
        Put(c10, c11, c + cRow, add);
        Put(c20, c21, c + 2 * cRow, add);
        Put(c30, c31, c + 3 * cRow, add);
        Put(c40, c41, c + 4 * cRow, add);
        Put(c50, c51, c + 5 * cRow, add);
        Put(c60, c61, c + 6 * cRow, add);
        Put(c70, c71, c + 7 * cRow, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four<TV>(float* a, long r1, long aDepth, float* b, long bRow, long depth, float* c, long cRow, bool add)
        where TV : unmanaged, IFloats<TV>
    {
        var zero = TV.All(0);
        TV c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
        var (r2, r3) = (2 * r1, 3 * r1);
        for (var d = 0L; d < depth; d++, a += aDepth, b += bRow)
        {
            TV b0 = TV.Load(b), b1 = TV.Load(b + TV.Lanes);
            AddFour(a, r1, r2, r3, b0, b1, ref c00, ref c01, ref c10, ref c11, ref c20, ref c21, ref c30, ref c31);
        }
        Put(c00, c01, c, add);
        Put(c10, c11, c + cRow, add);
        Put(c20, c21, c + 2 * cRow, add);
        Put(c30, c31, c + 3 * cRow, add);
    }

    /// <summary>Adds the products of one entry of the depth: four rows of A by two vectors of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddFour<TV>(float* a, long r1, long r2, long r3, TV b0, TV b1, ref TV c00, ref TV c01, ref TV c10, ref TV c11,
        ref TV c20, ref TV c21, ref TV c30, ref TV c31) where TV : unmanaged, IFloats<TV>
    {
        var x = TV.All(a[0]);
        c00 = TV.MultiplyAdd(x, b0, c00);
        c01 = TV.MultiplyAdd(x, b1, c01);
        x = TV.All(a[r1]);
        c10 = TV.MultiplyAdd(x, b0, c10);
        c11 = TV.MultiplyAdd(x, b1, c11);
        x = TV.All(a[r2]);
        c20 = TV.MultiplyAdd(x, b0, c20);
        c21 = TV.MultiplyAdd(x, b1, c21);
        x = TV.All(a[r3]);
        c30 = TV.MultiplyAdd(x, b0, c30);
        c31 = TV.MultiplyAdd(x, b1, c31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One<TV>(float* a, long aDepth, float* b, long bRow, long depth, float* c, bool add)
        where TV : unmanaged, IFloats<TV>
    {
        TV c0 = TV.All(0), c1 = TV.All(0);
        for (var d = 0L; d < depth; d++, a += aDepth, b += bRow)
        {
            var x = TV.All(*a);
            c0 = TV.MultiplyAdd(x, TV.Load(b), c0);
            c1 = TV.MultiplyAdd(x, TV.Load(b + TV.Lanes), c1);
        }
        Put(c0, c1, c, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TV>(TV first, TV second, float* c, bool add) where TV : unmanaged, IFloats<TV>
    {
        if (add)
        {
            first += TV.Load(c);
            second += TV.Load(c + TV.Lanes);
        }
        first.Store(c);
        second.Store(c + TV.Lanes);
    }
}
