using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Attention;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

/// <summary>
/// The way back through a gated delta rule, from the last chunk to the first. What tokens write, U, and the states at the beginnings of
/// chunks are made again on the way there. With N = L ∘ Q Kᵀ, A = β L ∘ K Kᵀ below the diagonal, F and E as in <see cref="DeltaForward"/>
/// and dH the gradient of the state that comes out: dU = Nᵀ dY + E K dH, the gradient of what is offered dR = (I + A)⁻ᵀ dU, and with it dV
/// = β dR, the gradient of what β is the sigmoid of (1 − β) dR · U, dN = dY Uᵀ, dA = −dR Uᵀ, dQ = (dN ∘ L) K + F dY Hᵀ, dK = (dN ∘ L)ᵀ Q +
/// (D + Dᵀ) K + E U dHᵀ − β F dR Hᵀ with D = β dA ∘ L, and of the state before F dH + (F Q)ᵀ dY − (F K)ᵀ β dR. The gradient of A dt of
/// token k is the sum of all terms of the output, of U and of the next state whose decay goes over k. A task is a few heads of a sample.
/// </summary>
internal static unsafe class DeltaBackward
{
    private const long Q = ScanProblem.Chunk, Rows = 8;

    public static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var p = (DeltaProblem*)context;
        var own = new DeltaScratch(p, Tile.Up<TV>(p->P), Tile.Up<TV>(p->S));
        for (var task = first; task < last; task++)
        {
            var (block, g, b) = (task % p->Blocks, task / p->Blocks % p->G, task / p->Blocks / p->G);
            var head = g * p->Group + block * DeltaProblem.MostHeads;
            Heads<TV>(p, b, g, block, head, Math.Min(DeltaProblem.MostHeads, (g + 1) * p->Group - head), own);
        }
    }

    private static void Heads<TV>(DeltaProblem* p, long b, long g, long block, long first, long heads, in DeltaScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (size, S) = (p->S * own.Width, p->S);
        for (var h = 0L; h < heads; h++)
        {
            Clear(own.States + h * p->Chunks * size, size);
            p->Sums[b * p->M + first + h] = 0;
        }
        for (var chunk = 0L; chunk < p->Chunks; chunk++)
        {
            var (t, rows) = (chunk * Q, Math.Min(Q, p->T - chunk * Q));
            Unit<TV>(p, b, g, t, rows, own, hasQueries: false);
            for (var h = 0L; h < heads; h++)
                Again<TV>(p, b, first + h, chunk, rows, h * p->Chunks + chunk, own);
        }
        Clear(own.Slopes, heads * size);
        for (var chunk = p->Chunks - 1; chunk >= 0; chunk--)
        {
            var (t, rows) = (chunk * Q, Math.Min(Q, p->T - chunk * Q));
            Unit<TV>(p, b, g, t, rows, own, hasQueries: true);
            Clear(own.ToAmong, Q * Q);
            Clear(own.ToScores, Q * Q);
            Clear(own.ToKeys, S * Q);
            Clear(own.ToQueries, S * Q);
            for (var h = 0L; h < heads; h++)
                Chunk<TV>(
                    p, b, first + h, t, rows, own.States + (h * p->Chunks + chunk) * size, own.Written + (h * p->Chunks + chunk) * Q * p->P,
                    own.Slopes + h * size, own);
            Shared<TV>(p, b, g, block, t, rows, own);
        }
    }

    // Keys, and queries, of a chunk as they count, and their products with keys.
    private static void Unit<TV>(DeltaProblem* p, long b, long g, long t, long rows, in DeltaScratch own, bool hasQueries)
        where TV : unmanaged, IFloats<TV>
    {
        UnitRows.Forward<TV>(p->Key(b, t, g), p->Keys.Step, rows, p->S, 1, own.Keys, own.KeyRoots);
        Panels.OfColumns<TV>(own.Keys, p->S, rows, p->S, own.KeyColumns);
        DeltaParts.Scores<TV>(own.Keys, own.KeyColumns, rows, p->S, own.Among);
        if (!hasQueries)
            return;
        UnitRows.Forward<TV>(p->Query(b, t, g), p->Queries.Step, rows, p->S, p->Scale, own.Queries, own.QueryRoots);
        Panels.OfColumns<TV>(own.Queries, p->S, rows, p->S, own.QueryColumns);
        DeltaParts.Scores<TV>(own.Queries, own.KeyColumns, rows, p->S, own.Scores);
    }

    // What the tokens of a chunk write, and the state after it where another follows.
    private static void Again<TV>(DeltaProblem* p, long b, long m, long chunk, long rows, long at, in DeltaScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (t, size, sizes) = (chunk * Q, p->S * own.Width, (rows, p->P, p->S, own.Width));
        var state = own.States + at * size;
        DeltaParts.Tokens(p, b, m, t, rows, own.Decays, own.Betas);
        DeltaParts.Weights<TV>(own.Among, null, own.Decays, own.Betas, rows, own.Between, own.Since, own.Taken, null);
        DeltaParts.Offered<TV>(
            p->Value(b, t, m), p->Values.Step, own.Keys, chunk == 0 ? null : state, sizes, own.Betas, own.Since, own.Outputs, own.Offered);
        DeltaParts.Solve<TV>(own.Taken, own.Offered, rows, own.Width);
        DeltaParts.Unpack<TV>(own.Offered, rows, p->P, own.Written + at * Q * p->P);
        if (chunk + 1 == p->Chunks)
            return;
        new Span<float>(state, (int)size).CopyTo(new(state + size, (int)size));
        DeltaParts.Advance<TV>(own.Keys, rows, own.Since[rows - 1], own.Between, own.Offered, state + size, p->S, own.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chunk<TV>(
        DeltaProblem* p, long b, long m, long t, long rows, float* state, float* written, float* slopes, in DeltaScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, width, S, P) = (Tile.Wide<TV>(), own.Width, p->S, p->P);
        var dy = p->Slope + p->Row(b, t, m);
        long step = p->M * P, columns = Tile.Up<TV>(rows);
        DeltaParts.Tokens(p, b, m, t, rows, own.Decays, own.Betas);
        DeltaParts.Weights<TV>(own.Among, own.Scores, own.Decays, own.Betas, rows, own.Between, own.Since, own.Taken, own.Weights);
        Panels.OfRows<TV>(dy, step, rows, P, Q, own.SlopeRows);
        Panels.OfColumns<TV>(dy, step, rows, P, own.SlopeColumns);
        Panels.OfColumns<TV>(written, P, rows, P, own.WrittenColumns);

        // dR, in panels and in rows.
        for (var panel = 0L; panel < width; panel += wide)
        {
            var to = own.Offered + panel * Q;
            Tile.Multiply<TV>(own.Keys, S, 1, slopes + panel * S, 0, to, wide, rows, wide, S, add: false);
            for (var j = 0L; j < rows; j++)
                ScanParts.Scale<TV>(to + j * wide, wide, own.Between[j]);
            for (var r = 0L; r < rows; r += Rows)
                Tile.Multiply<TV>(
                    own.Weights + r * Q + r, 1, Q, own.SlopeRows + panel * Q + r * wide, 0, to + r * wide, wide, Math.Min(Rows, rows - r),
                    wide, rows - r, add: true);
        }
        DeltaParts.SolveBack<TV>(own.Taken, own.Offered, rows, width);
        DeltaParts.Unpack<TV>(own.Offered, rows, P, own.Rows);
        Panels.OfColumns<TV>(own.Rows, P, rows, P, own.OfferedColumns);

        // What tokens of the chunk had of one another.
        for (var r = 0L; r < rows; r += Rows)
        {
            var (some, end) = (Math.Min(Rows, rows - r), Tile.Up<TV>(Math.Min(rows, r + Rows)));
            Tile.Multiply<TV>(
                dy + r * step, step, 1, own.WrittenColumns, P * wide, own.Inner + r * Q, Q, some, end, P, add: false);
            Tile.Multiply<TV>(
                own.Rows + r * P, P, 1, own.WrittenColumns, P * wide, own.Lower + r * Q, Q, some, end, P, add: false);
        }
        Among<TV>(rows, own);
        ScanSlopes.Among<TV>(own.Inner, own.Ones, rows, own.Dots, own.Across);

        // What they had of the state, and the next state of them.
        for (var i = 0L; i < rows; i++)
            own.Shares[i] = -own.Betas[i] * own.Since[i];
        Clear(own.Shares + rows, Q - rows);
        Clear(own.Since + rows, Q - rows);
        FromState<TV>(own.SlopeColumns, columns, own.Since, state, own.QueryColumns, own.ToQueries, own.Reads, p, own);
        FromState<TV>(own.OfferedColumns, columns, own.Shares, state, own.KeyColumns, own.ToKeys, own.Dots, p, own);
        for (var i = 0L; i < rows; i++)
            own.Reads[i] += own.Dots[i];
        FromState<TV>(own.WrittenColumns, columns, own.Between, slopes, own.KeyColumns, own.ToKeys, own.Writes, p, own);

        var last = own.Since[rows - 1];
        var whole = last == 0 ? 0 : (double)last * AttentionRows.Dot<TV>(slopes, state, S * width);
        ScanParts.Scale<TV>(slopes, S * width, last);
        for (var i = 0L; i < rows; i++)
        {
            ScanParts.ScaleRow<TV>(own.SlopeRows + i * wide, width, own.Since[i]);
            ScanParts.ScaleRow<TV>(own.Offered + i * wide, width, own.Shares[i]);
        }
        DeltaParts.AddTurned<TV>(own.Queries, rows, own.SlopeRows, slopes, S, width);
        DeltaParts.AddTurned<TV>(own.Keys, rows, own.Offered, slopes, S, width);

        for (var i = 0L; i < rows; i++)
        {
            p->ToStrengths[(b * p->T + t + i) * p->M + m] =
                (1 - own.Betas[i]) * AttentionRows.Dot<TV>(own.Rows + i * P, written + i * P, P);
            Scaled<TV>(own.Rows + i * P, own.Betas[i], P, p->ToValues + p->Row(b, t + i, m));
        }
        p->Sums[b * p->M + m] += Steps(p, b, m, t, rows, whole, own);
    }

    // Row by row with the decays between tokens: what dN and dA give to Q Kᵀ and K Kᵀ, added up over heads, and dN ∘ N + dA ∘ A.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Among<TV>(long rows, in DeltaScratch own) where TV : unmanaged, IFloats<TV>
    {
        Clear(own.Between, Q);
        for (var i = 0L; i < rows; i++)
        {
            ScanParts.Next<TV>(own.Between, own.Decays[i], i);
            var minus = TV.All(-own.Betas[i]);
            var end = Math.Min(Q, (i / Rows + 1) * Rows);
            for (var j = 0L; j < end; j += TV.Lanes)
            {
                var at = i * Q + j;
                var decay = TV.Load(own.Between + j);
                TV inner = TV.Load(own.Inner + at) * decay, lower = TV.Load(own.Lower + at) * decay * minus;
                (TV.Load(own.ToScores + at) + inner).Store(own.ToScores + at);
                (TV.Load(own.ToAmong + at) + lower).Store(own.ToAmong + at);
                TV.MultiplyAdd(inner, TV.Load(own.Scores + at), lower * TV.Load(own.Among + at)).Store(own.Inner + at);
            }
            own.ToAmong[i * Q + i] = 0;
        }
    }

    // Adds H (x by)ᵀ to a gradient that is transposed, and gives each token's product of it with its key or query.
    private static void FromState<TV>(
        float* x, long columns, float* by, float* state, float* packed, float* sum, float* dots, DeltaProblem* p, in DeltaScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, S, P) = (Tile.Wide<TV>(), p->S, p->P);
        ScanSlopes.ScaleColumns<TV>(x, columns, P, by);
        for (var panel = 0L; panel < P; panel += wide)
            Tile.Multiply<TV>(
                state + panel * S, wide, 1, x + panel * wide, P * wide, own.Turned, Q, S, columns, Math.Min(wide, P - panel),
                add: panel > 0);
        ScanSlopes.Dots<TV>(packed, own.Turned, S, columns, sum, dots);
    }

    // dQ and dK of the heads together, and of what they were before they were made one long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Shared<TV>(DeltaProblem* p, long b, long g, long block, long t, long rows, in DeltaScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, width, S) = (Tile.Wide<TV>(), own.StateWidth, p->S);
        var room = own.Turned;
        var (at, step) = (p->Shared(block, b, t, g), p->G * S);
        Panels.OfRows<TV>(own.Keys, S, rows, S, Q, own.SharedRows);
        for (var r = 0L; r < rows; r += Rows)
            Tile.Multiply<TV>(
                own.ToScores + r * Q, Q, 1, own.SharedRows, Q * wide, own.Outputs + r * width, width, Math.Min(Rows, rows - r), width,
                Math.Min(rows, r + Rows), add: false);
        ScanSlopes.AddTurned(own.Outputs, width, own.ToQueries, Q, rows, S, room, S);
        for (var i = 0L; i < rows; i++)
            UnitRows.Backward<TV>(
                own.Queries + i * S, room + i * S, S, p->Scale, own.QueryRoots[i], p->ToQueries + at + i * step);

        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            var to = own.Outputs + r * width;
            Tile.Multiply<TV>(
                own.ToAmong + r * Q, Q, 1, own.SharedRows, Q * wide, to, width, some, width, Math.Min(rows, r + Rows), add: false);
            Tile.Multiply<TV>(
                own.ToAmong + r * Q + r, 1, Q, own.SharedRows + r * wide, Q * wide, to, width, some, width, rows - r, add: true);
        }
        Panels.OfRows<TV>(own.Queries, S, rows, S, Q, own.SharedRows);
        for (var r = 0L; r < rows; r += Rows)
            Tile.Multiply<TV>(
                own.ToScores + r * Q + r, 1, Q, own.SharedRows + r * wide, Q * wide, own.Outputs + r * width, width,
                Math.Min(Rows, rows - r), width, rows - r, add: true);
        ScanSlopes.AddTurned(own.Outputs, width, own.ToKeys, Q, rows, S, room, S);
        for (var i = 0L; i < rows; i++)
            UnitRows.Backward<TV>(own.Keys + i * S, room + i * S, S, 1, own.KeyRoots[i], p->ToKeys + at + i * step);
    }

    // The gradients of the steps of a chunk, and what they add to that of A.
    private static double Steps(DeltaProblem* p, long b, long m, long t, long rows, double whole, in DeltaScratch own)
    {
        double reads = 0, writes = 0, sum = 0;
        for (var k = 0L; k < rows; k++)
            writes += own.Writes[k];
        for (var k = rows - 1; k >= 0; k--)
        {
            reads += own.Reads[k];
            writes -= own.Writes[k];
            var decayed = reads + (k == 0 ? 0 : writes) + whole + own.Across[k];
            var at = (b * p->T + t + k) * p->M + m;
            sum += decayed * p->Steps[at];
            p->ToSteps[at] = (float)(p->Rates[m] * decayed);
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scaled<TV>(float* x, float by, long count, float* to) where TV : unmanaged, IFloats<TV>
    {
        var factor = TV.All(by);
        var i = 0L;
        for (; i + TV.Lanes <= count; i += TV.Lanes)
            (TV.Load(x + i) * factor).Store(to + i);
        for (; i < count; i++)
            to[i] = x[i] * by;
    }

    private static void Clear(float* from, long count) => new Span<float>(from, (int)count).Clear();
}
