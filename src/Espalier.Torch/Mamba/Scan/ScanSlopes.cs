using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>Small steps of <see cref="ScanBackward"/>, vector by vector.</summary>
internal static unsafe class ScanSlopes
{
    private const long Q = ScanProblem.Chunk;

    /// <summary>
    /// Of W ∘ L ∘ C Bᵀ: its column sums, and of each token the sum of what is in rows from it on and columns before it, times the steps.
    /// Added up term by term, for sums of rows less sums of columns would leave little of what is far from the diagonal.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Among<TV>(float* inner, float* steps, long rows, float* columns, float* across) where TV : unmanaged, IFloats<TV>
    {
        new Span<float>(columns, (int)Q).Clear();
        for (var i = rows - 1; i >= 0; i--)
        {
            var row = inner + i * Q;
            var sum = TV.All(0);
            var j = 0L;
            for (; j + TV.Lanes <= i; j += TV.Lanes)
            {
                var below = TV.Load(columns + j) + TV.Load(row + j);
                below.Store(columns + j);
                sum = TV.MultiplyAdd(below, TV.Load(steps + j), sum);
            }
            var total = sum.Sum();
            for (; j < i; j++)
            {
                columns[j] += row[j];
                total += columns[j] * steps[j];
            }
            columns[i] += row[i];
            across[i] = total;
        }
    }

    /// <summary>Multiplies columns packed as [columns / wide][n][wide] by a number each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleColumns<TV>(float* packed, long columns, long n, float* by) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var column = 0L; column < columns; column += wide)
        {
            TV low = TV.Load(by + column), high = TV.Load(by + column + TV.Lanes);
            for (var row = 0L; row < n; row++, packed += wide)
            {
                (TV.Load(packed) * low).Store(packed);
                (TV.Load(packed + TV.Lanes) * high).Store(packed + TV.Lanes);
            }
        }
    }

    /// <summary>
    /// The products of columns packed as [columns / wide][n][wide] with those of a matrix [n, Q], a number each; the matrix is added to
    /// another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dots<TV>(float* packed, float* matrix, long n, long columns, float* sum, float* dots)
    where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var column = 0L; column < columns; column += wide)
        {
            TV low = TV.All(0), high = TV.All(0);
            for (var row = 0L; row < n; row++, packed += wide)
            {
                var at = row * Q + column;
                TV first = TV.Load(matrix + at), second = TV.Load(matrix + at + TV.Lanes);
                low = TV.MultiplyAdd(TV.Load(packed), first, low);
                high = TV.MultiplyAdd(TV.Load(packed + TV.Lanes), second, high);
                (TV.Load(sum + at) + first).Store(sum + at);
                (TV.Load(sum + at + TV.Lanes) + second).Store(sum + at + TV.Lanes);
            }
            low.Store(dots + column);
            high.Store(dots + column + TV.Lanes);
        }
    }

    /// <summary>Writes a matrix [rows, n] plus the transposed one of another [n, ...], row by row.</summary>
    public static void AddTurned(float* matrix, long width, float* turned, long turnedStep, long rows, long n, float* to, long step)
    {
        for (var i = 0L; i < rows; i++)
            for (var s = 0L; s < n; s++)
                to[i * step + s] = matrix[i * width + s] + turned[s * turnedStep + i];
    }

    /// <summary>The gradients of the steps of a chunk, and what they add to that of A.</summary>
    /// <param name="own">What each token gathered.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="whole">What decays over all of them.</param>
    /// <param name="rate">A.</param>
    /// <param name="to">The first token's.</param>
    /// <param name="step">From token to token.</param>
    public static double Steps(in ScanScratch own, long rows, double whole, float rate, float* to, long step)
    {
        double reads = 0, writes = 0, sum = 0;
        for (var k = 0L; k < rows; k++)
            writes += (double)own.Writes[k] * own.Steps[k];
        for (var k = rows - 1; k >= 0; k--)
        {
            reads += own.Reads[k];
            writes -= (double)own.Writes[k] * own.Steps[k];
            var decayed = reads + (k == 0 ? 0 : writes) + whole + own.Across[k];
            sum += decayed * own.Steps[k];
            to[k * step] = (float)(rate * decayed + own.Direct[k] + own.Writes[k]);
        }
        return sum;
    }
}
