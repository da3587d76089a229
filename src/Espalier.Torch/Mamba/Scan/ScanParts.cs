using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>Steps of a chunk that the scan takes on both ways.</summary>
internal static unsafe class ScanParts
{
    private const long Q = ScanProblem.Chunk, Rows = 8;

    // Below it a decay is none: numbers without a leading one are slow.
    private const float Least = 1e-30f;

    /// <summary>C Bᵀ of a chunk, [Q, Q], up to the column of each row; B packed by columns stays in <paramref name="inColumns"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scores<TV>(ScanProblem* p, long b, long g, long t, long rows, float* inColumns, float* scores)
        where TV : unmanaged, IFloats<TV>
    {
        Panels.OfColumns<TV>(p->InOf(b, t, g), p->In.Step, rows, p->S, inColumns);
        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            Tile.Multiply<TV>(
                p->OutOf(b, t + r, g), p->Out.Step, 1, inColumns, p->S * Tile.Wide<TV>(), scores + r * Q, Q, some, Tile.Up<TV>(r + some),
                p->S,
                add: false);
        }
    }

    /// <summary>A head's steps and decays of a chunk, side by side.</summary>
    public static void Steps(ScanProblem* p, long b, long m, long t, long rows, float* steps, float* decays)
    {
        for (var i = 0L; i < rows; i++)
        {
            var at = (b * p->T + t + i) * p->M + m;
            (steps[i], decays[i]) = (p->Steps[at], p->Decays[at]);
        }
    }

    /// <summary>
    /// L ∘ C Bᵀ times the steps, [Q, Q], zero above the diagonal as far as the rows of a product go; the decay from each token to the last
    /// one; and from before the chunk to each token.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights<TV>(float* scores, float* steps, float* decays, long rows, float* between, float* weights, float* since)
        where TV : unmanaged, IFloats<TV>
    {
        new Span<float>(between, (int)Q).Clear();
        var all = 1f;
        for (var i = 0L; i < rows; i++)
        {
            all = Above(all * decays[i]);
            since[i] = all;
            Next<TV>(between, decays[i], i);
            var end = Math.Min(Q, (i / Rows + 1) * Rows);
            for (var j = 0L; j < end; j += TV.Lanes)
                (TV.Load(scores + i * Q + j) * TV.Load(between + j) * TV.Load(steps + j)).Store(weights + i * Q + j);
        }
    }

    /// <summary>The decays from each token to token i, out of those to the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Next<TV>(float* between, float decay, long i) where TV : unmanaged, IFloats<TV>
    {
        TV by = TV.All(decay), least = TV.All(Least), zero = TV.All(0);
        for (var j = 0L; j < i; j += TV.Lanes)
        {
            var next = TV.Load(between + j) * by;
            TV.WhereAbove(next, least, next, zero).Store(between + j);
        }
        between[i] = 1;
    }

    /// <summary>The decay, or 0 where it is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Above(float decay) => decay > Least ? decay : 0;

    /// <summary>H = a H + Σ B_j v_j x_j with v the steps times the decays to the chunk's end; the packed x are overwritten.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Advance<TV>(
        ScanProblem* p, long b, long g, long t, long rows, float decay, float* between, float* steps, float* xRows, float* state,
        long width)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, S) = (Tile.Wide<TV>(), p->S);
        for (var j = 0L; j < rows; j++)
            ScaleRow<TV>(xRows + j * wide, width, between[j] * steps[j]);
        Scale<TV>(state, S * width, decay);
        for (var panel = 0L; panel < width; panel += wide)
            Tile.Multiply<TV>(
                p->InOf(b, t, g), 1, p->In.Step, xRows + panel * Q, Q * wide, state + panel * S, wide, S, wide, rows, add: true);
    }

    /// <summary>Multiplies a row of panels of Q rows; <paramref name="row"/> is its part of the first panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ScaleRow<TV>(float* row, long width, float by) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        var factor = TV.All(by);
        for (var panel = 0L; panel < width; panel += wide)
        {
            var lanes = row + panel * Q;
            (TV.Load(lanes) * factor).Store(lanes);
            (TV.Load(lanes + TV.Lanes) * factor).Store(lanes + TV.Lanes);
        }
    }

    /// <summary>Multiplies so many floats, a multiple of the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<TV>(float* x, long count, float by) where TV : unmanaged, IFloats<TV>
    {
        var factor = TV.All(by);
        for (var i = 0L; i < count; i += TV.Lanes)
            (TV.Load(x + i) * factor).Store(x + i);
    }

    /// <summary>to = y + by · x, of so many floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled<TV>(float* y, float* x, float by, long count, float* to) where TV : unmanaged, IFloats<TV>
    {
        var factor = TV.All(by);
        var i = 0L;
        for (; i + TV.Lanes <= count; i += TV.Lanes)
            TV.MultiplyAdd(TV.Load(x + i), factor, TV.Load(y + i)).Store(to + i);
        for (; i < count; i++)
            to[i] = y[i] + by * x[i];
    }

    /// <summary>Panels [P / wide][S][wide] as rows [S, P].</summary>
    public static void Unpack<TV>(float* panels, long S, long P, float* to) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var panel = 0L; panel < P; panel += wide)
            for (var s = 0L; s < S; s++)
                new Span<float>(panels + panel * S + s * wide, (int)Math.Min(wide, P - panel)).CopyTo(new(to + s * P + panel, wide));
    }
}
