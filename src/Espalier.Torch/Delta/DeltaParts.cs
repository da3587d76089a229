using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

/// <summary>Steps of a chunk that the gated delta rule takes on both ways.</summary>
internal static unsafe class DeltaParts
{
    private const long Q = ScanProblem.Chunk, Rows = 8;

    /// <summary>X Kᵀ of a chunk, [Q, Q], up to the column of each row; X lies side by side, K is packed by columns.</summary>
    public static void Scores<TV>(float* x, float* columns, long rows, long S, float* scores) where TV : unmanaged, IFloats<TV>
    {
        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            Tile.Multiply<TV>(
                x + r * S, S, 1, columns, S * Tile.Wide<TV>(), scores + r * Q, Q, some, Tile.Up<TV>(r + some), S, add: false);
        }
    }

    /// <summary>A head's decays and β = sigmoid(strengths) of a chunk, side by side.</summary>
    public static void Tokens(DeltaProblem* p, long b, long m, long t, long rows, float* decays, float* betas)
    {
        for (var i = 0L; i < rows; i++)
        {
            decays[i] = p->Decays[(b * p->T + t + i) * p->M + m];
            betas[i] = Sigmoid(p->Strengths.At(b, t + i)[m]);
        }
    }

    public static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    /// <summary>
    /// −β L ∘ K Kᵀ below the diagonal, which is what each token's write takes from those before it, and L ∘ Q Kᵀ up to it, [Q, Q], zero
    /// above it as far as the rows of a product go; the decay from each token to the last one; and from before the chunk to each token.
    /// </summary>
    /// <param name="among">K Kᵀ.</param>
    /// <param name="scores">Q Kᵀ, or null where only the first is asked for.</param>
    /// <param name="decays">Of each token.</param>
    /// <param name="betas">Of each token.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="between">Written: decays to the last token.</param>
    /// <param name="since">Written: decays from before the chunk.</param>
    /// <param name="taken">Written: −β L ∘ K Kᵀ.</param>
    /// <param name="weights">Written: L ∘ Q Kᵀ.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights<TV>(
        float* among, float* scores, float* decays, float* betas, long rows, float* between, float* since, float* taken, float* weights)
        where TV : unmanaged, IFloats<TV>
    {
        new Span<float>(between, (int)Q).Clear();
        var all = 1f;
        for (var i = 0L; i < rows; i++)
        {
            all = ScanParts.Above(all * decays[i]);
            since[i] = all;
            ScanParts.Next<TV>(between, decays[i], i);
            var minus = TV.All(-betas[i]);
            var end = Math.Min(Q, (i / Rows + 1) * Rows);
            for (var at = i * Q; at < i * Q + end; at += TV.Lanes)
            {
                var decay = TV.Load(between + at - i * Q);
                (TV.Load(among + at) * decay * minus).Store(taken + at);
                if (scores != null)
                    (TV.Load(scores + at) * decay).Store(weights + at);
            }
            taken[i * Q + i] = 0;
        }
    }

    /// <summary>
    /// What each token writes but for those of the chunk before it, β (v − F Hᵀ k), in panels [P / wide][Q][wide]; F the decays from before
    /// the chunk and H the state there, in panels.
    /// </summary>
    /// <param name="values">The first token's.</param>
    /// <param name="step">From token to token.</param>
    /// <param name="keys">[rows, S].</param>
    /// <param name="state">H, or null for none.</param>
    /// <param name="sizes">Tokens, P, S and P in whole panels.</param>
    /// <param name="betas">Of each token.</param>
    /// <param name="since">F.</param>
    /// <param name="outputs">Room for [Q, P in whole panels].</param>
    /// <param name="writes">Written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Offered<TV>(
        float* values, long step, float* keys, float* state, (long Rows, long P, long S, long Width) sizes, float* betas, float* since,
        float* outputs, float* writes)
        where TV : unmanaged, IFloats<TV>
    {
        var (rows, P, S, width) = sizes;
        var wide = Tile.Wide<TV>();
        Panels.OfRows<TV>(values, step, rows, P, Q, writes);
        if (state != null)
            Tile.Multiply<TV>(keys, S, 1, state, S * wide, outputs, width, rows, width, S, add: false);
        for (var i = 0L; i < rows; i++)
        {
            TV beta = TV.All(betas[i]), minus = TV.All(-since[i]);
            for (var j = 0L; j < width; j += TV.Lanes)
            {
                var at = writes + j / wide * wide * Q + i * wide + j % wide;
                var value = TV.Load(at);
                if (state != null)
                    value = TV.MultiplyAdd(TV.Load(outputs + i * width + j), minus, value);
                (value * beta).Store(at);
            }
        }
    }

    /// <summary>
    /// Solves (I − taken) U = X row by row, panel by panel in place: rows of eight, of which what earlier rows give is a product.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Solve<TV>(float* taken, float* x, long rows, long width) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var panel = 0L; panel < width; panel += wide, x += Q * wide)
            for (var r = 0L; r < rows; r += Rows)
            {
                var some = Math.Min(Rows, rows - r);
                if (r > 0)
                    Tile.Multiply<TV>(taken + r * Q, Q, 1, x, 0, x + r * wide, wide, some, wide, r, add: true);
                for (var i = r + 1; i < r + some; i++)
                    AddRows<TV>(taken + i * Q, 1, x, r, i, x + i * wide);
            }
    }

    /// <summary>Solves (I − taken)ᵀ U = X in the same way, from the last row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SolveBack<TV>(float* taken, float* x, long rows, long width) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var panel = 0L; panel < width; panel += wide, x += Q * wide)
            for (var r = (rows - 1) / Rows * Rows; r >= 0; r -= Rows)
            {
                var end = Math.Min(rows, r + Rows);
                if (end < rows)
                    Tile.Multiply<TV>(
                        taken + end * Q + r, 1, Q, x + end * wide, 0, x + r * wide, wide, end - r, wide, rows - end, add: true);
                for (var i = end - 2; i >= r; i--)
                    AddRows<TV>(taken + i, Q, x, i + 1, end, x + i * wide);
            }
    }

    /// <summary>H = a H + Σ k_j e_j u_jᵀ with e the decays to the chunk's end; the packed u are overwritten by e u.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Advance<TV>(float* keys, long rows, float decay, float* between, float* writes, float* state, long S, long width)
        where TV : unmanaged, IFloats<TV>
    {
        for (var j = 0L; j < rows; j++)
            ScanParts.ScaleRow<TV>(writes + j * Tile.Wide<TV>(), width, between[j]);
        ScanParts.Scale<TV>(state, S * width, decay);
        AddTurned<TV>(keys, rows, writes, state, S, width);
    }

    /// <summary>state += Xᵀ Y of X [rows, S] side by side and Y in panels of Q rows; the state is in panels.</summary>
    public static void AddTurned<TV>(float* x, long rows, float* panels, float* state, long S, long width)
        where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var panel = 0L; panel < width; panel += wide)
            Tile.Multiply<TV>(x, 1, S, panels + panel * Q, Q * wide, state + panel * S, wide, S, wide, rows, add: true);
    }

    /// <summary>Panels [P / wide][Q][wide] as rows [rows, P].</summary>
    public static void Unpack<TV>(float* panels, long rows, long P, float* to) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var panel = 0L; panel < P; panel += wide, panels += Q * wide)
            for (var i = 0L; i < rows; i++)
                new Span<float>(panels + i * wide, (int)Math.Min(wide, P - panel)).CopyTo(new(to + i * P + panel, wide));
    }

    // to += Σ factors_j x_j over some rows of a panel.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRows<TV>(float* factors, long step, float* x, long from, long end, float* to) where TV : unmanaged, IFloats<TV>
    {
        TV low = TV.Load(to), high = TV.Load(to + TV.Lanes);
        for (var j = from; j < end; j++)
        {
            var factor = TV.All(factors[j * step]);
            low = TV.MultiplyAdd(factor, TV.Load(x + j * Tile.Wide<TV>()), low);
            high = TV.MultiplyAdd(factor, TV.Load(x + j * Tile.Wide<TV>() + TV.Lanes), high);
        }
        low.Store(to);
        high.Store(to + TV.Lanes);
    }
}
