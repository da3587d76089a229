using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Attention;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>
/// The way back through a selective scan, from the last chunk to the first. States at the beginnings of chunks are made again on the way
/// there; L and C Bᵀ again in each chunk. With W = dY Xᵀ, R = W ∘ L ∘ C Bᵀ ∘ dt, Z = B dH and the decays F from before the chunk and E to
/// its end: dX = D dY + Mᵀ dY + (E dt) Z, dC = (W ∘ L ∘ dt) B + F dY Hᵀ, dB = (W ∘ L ∘ dt)ᵀ C + E dt X dHᵀ, dH of the chunk before = F dH +
/// (F C)ᵀ dY, and the gradient of A dt of token k is the sum of all terms of the output and the next state whose decay goes over k: of R,
/// rows from k on and columns before it. A task is a few heads of a sample.
/// </summary>
internal static unsafe class ScanBackward
{
    private const long Q = ScanProblem.Chunk, Rows = 8;

    public static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var p = (ScanProblem*)context;
        var own = new ScanScratch(p, Tile.Up<TV>(p->P), Tile.Up<TV>(p->S));
        for (var task = first; task < last; task++)
        {
            var (block, g, b) = (task % p->Blocks, task / p->Blocks % p->G, task / p->Blocks / p->G);
            var head = g * p->Group + block * ScanProblem.MostHeads;
            Heads<TV>(p, b, g, block, head, Math.Min(ScanProblem.MostHeads, (g + 1) * p->Group - head), own);
        }
    }

    private static void Heads<TV>(ScanProblem* p, long b, long g, long block, long first, long heads, in ScanScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var size = p->S * own.Width;
        for (var h = 0L; h < heads; h++)
        {
            States<TV>(p, b, g, first + h, own.States + h * p->Chunks * size, own);
            new Span<double>(p->Sums + (b * p->M + first + h) * 2, 2).Clear();
        }
        Clear(own.Slopes, heads * size);
        for (var chunk = p->Chunks - 1; chunk >= 0; chunk--)
        {
            var t = chunk * Q;
            var rows = Math.Min(Q, p->T - t);
            ScanParts.Scores<TV>(p, b, g, t, rows, own.InColumns, own.Scores);
            Panels.OfColumns<TV>(p->OutOf(b, t, g), p->Out.Step, rows, p->S, own.OutColumns);
            Clear(own.ToScores, Q * Q);
            Clear(own.ToIn, p->S * Q);
            Clear(own.ToOut, p->S * Q);
            for (var h = 0L; h < heads; h++)
                Chunk<TV>(p, b, g, first + h, t, rows, own.States + (h * p->Chunks + chunk) * size, own.Slopes + h * size, own);
            Shared<TV>(p, b, g, block, t, rows, own);
        }
    }

    // The states at the beginning of each chunk, in panels.
    private static void States<TV>(ScanProblem* p, long b, long g, long m, float* states, in ScanScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var size = p->S * own.Width;
        Clear(states, size);
        for (var t = 0L; t + Q < p->T; t += Q, states += size)
        {
            ScanParts.Steps(p, b, m, t, Q, own.Steps, own.Decays);
            var after = 1f;
            for (var j = Q - 1; j >= 0; j--)
            {
                own.Between[j] = after;
                after = ScanParts.Above(after * own.Decays[j]);
            }
            Panels.OfRows<TV>(p->X(b, t, m), p->Input.Step, Q, p->P, Q, own.XRows);
            new Span<float>(states, (int)size).CopyTo(new(states + size, (int)size));
            ScanParts.Advance<TV>(p, b, g, t, Q, after, own.Between, own.Steps, own.XRows, states + size, own.Width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chunk<TV>(ScanProblem* p, long b, long g, long m, long t, long rows, float* state, float* slopes,
        in ScanScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, width, S, P) = (Tile.Wide<TV>(), own.Width, p->S, p->P);
        var dy = p->Slope + p->Row(b, t, m);
        long step = p->M * P, columns = Tile.Up<TV>(rows);
        ScanParts.Steps(p, b, m, t, rows, own.Steps, own.Decays);
        Panels.OfColumns<TV>(p->X(b, t, m), p->Input.Step, rows, P, own.XColumns);
        Panels.OfRows<TV>(dy, step, rows, P, Q, own.SlopeRows);
        Panels.OfColumns<TV>(dy, step, rows, P, own.SlopeColumns);
        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            Tile.Multiply<TV>(dy + r * step, step, 1, own.XColumns, P * wide, own.Inner + r * Q, Q, some, Tile.Up<TV>(r + some), P,
                add: false);
        }
        Among<TV>(rows, own);
        ScanSlopes.Among<TV>(own.Inner, own.Steps, rows, own.Direct, own.Across);

        // What the state gives to the outputs: dC, transposed, and its part of the decays.
        ScanSlopes.ScaleColumns<TV>(own.SlopeColumns, columns, P, own.Since);
        for (var panel = 0L; panel < P; panel += wide)
            Tile.Multiply<TV>(
                state + panel * S, wide, 1, own.SlopeColumns + panel * wide, P * wide, own.Turned, Q, S, columns, Math.Min(wide, P - panel),
                add: panel > 0);
        ScanSlopes.Dots<TV>(own.OutColumns, own.Turned, S, columns, own.ToOut, own.Reads);

        // What the outputs and the next state give to x and B.
        Tile.Multiply<TV>(p->InOf(b, t, g), p->In.Step, 1, slopes, S * wide, own.Outputs, width, rows, width, S, add: false);
        for (var j = 0L; j < rows; j++)
        {
            own.Writes[j] = AttentionRows.Dot<TV>(p->X(b, t + j, m), own.Outputs + j * width, P) * own.Between[j];
            own.Shares[j] = own.Between[j] * own.Steps[j];
            ScanParts.Scale<TV>(own.Outputs + j * width, width, own.Shares[j]);
        }
        Clear(own.Shares + rows, columns - rows);
        ScanSlopes.ScaleColumns<TV>(own.XColumns, columns, P, own.Shares);
        for (var panel = 0L; panel < P; panel += wide)
            Tile.Multiply<TV>(
                slopes + panel * S, wide, 1, own.XColumns + panel * wide, P * wide, own.ToIn, Q, S, columns, Math.Min(wide, P - panel),
                add: true);
        for (var r = 0L; r < rows; r += Rows)
            Tile.Multiply<TV>(
                own.Weights + r * Q + r, 1, Q, own.SlopeRows + r * wide, Q * wide, own.Outputs + r * width, width, Math.Min(Rows, rows - r),
                width, rows - r, add: true);
        var skipped = 0.0;
        for (var j = 0L; j < rows; j++)
        {
            ScanParts.AddScaled<TV>(own.Outputs + j * width, dy + j * step, p->Skip[m], P, p->ToInput + p->Row(b, t + j, m));
            skipped += AttentionRows.Dot<TV>(dy + j * step, p->X(b, t + j, m), P);
        }

        var last = own.Since[rows - 1];
        var whole = last == 0 ? 0 : (double)last * AttentionRows.Dot<TV>(slopes, state, S * width);
        ScanParts.Scale<TV>(slopes, S * width, last);
        for (var i = 0L; i < rows; i++)
            ScanParts.ScaleRow<TV>(own.SlopeRows + i * wide, width, own.Since[i]);
        for (var panel = 0L; panel < width; panel += wide)
            Tile.Multiply<TV>(
                p->OutOf(b, t, g), 1, p->Out.Step, own.SlopeRows + panel * Q, Q * wide, slopes + panel * S, wide, S, wide, rows, add: true);

        var sums = p->Sums + (b * p->M + m) * 2;
        sums[0] += ScanSlopes.Steps(own, rows, whole, p->Rates[m], p->ToSteps + (b * p->T + t) * p->M + m, p->M);
        sums[1] += skipped;
    }

    // Row by row with the decays between tokens: M, what W gives to C Bᵀ, added up over heads, and W ∘ L ∘ C Bᵀ in the place of W.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Among<TV>(long rows, in ScanScratch own) where TV : unmanaged, IFloats<TV>
    {
        Clear(own.Between, Q);
        var all = 1f;
        for (var i = 0L; i < rows; i++)
        {
            all = ScanParts.Above(all * own.Decays[i]);
            own.Since[i] = all;
            ScanParts.Next<TV>(own.Between, own.Decays[i], i);
            var end = Math.Min(Q, (i / Rows + 1) * Rows);
            for (var j = 0L; j < end; j += TV.Lanes)
            {
                var at = i * Q + j;
                TV decay = TV.Load(own.Between + j), score = TV.Load(own.Scores + at), step = TV.Load(own.Steps + j);
                var inner = TV.Load(own.Inner + at) * decay;
                (score * decay * step).Store(own.Weights + at);
                TV.MultiplyAdd(inner, step, TV.Load(own.ToScores + at)).Store(own.ToScores + at);
                (inner * score).Store(own.Inner + at);
            }
        }
        Clear(own.Since + rows, Q - rows);
    }

    // dC and dB of the heads together.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Shared<TV>(ScanProblem* p, long b, long g, long block, long t, long rows, in ScanScratch own)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, width, S) = (Tile.Wide<TV>(), own.StateWidth, p->S);
        Panels.OfRows<TV>(p->InOf(b, t, g), p->In.Step, rows, S, Q, own.SharedRows);
        for (var r = 0L; r < rows; r += Rows)
            Tile.Multiply<TV>(
                own.ToScores + r * Q, Q, 1, own.SharedRows, Q * wide, own.SharedOutputs + r * width, width, Math.Min(Rows, rows - r), width,
                Math.Min(rows, r + Rows), add: false);
        var (at, step) = (p->Shared(block, b, t, g), p->G * S);
        ScanSlopes.AddTurned(own.SharedOutputs, width, own.ToOut, Q, rows, S, p->ToOut + at, step);
        Panels.OfRows<TV>(p->OutOf(b, t, g), p->Out.Step, rows, S, Q, own.SharedRows);
        for (var r = 0L; r < rows; r += Rows)
            Tile.Multiply<TV>(
                own.ToScores + r * Q + r, 1, Q, own.SharedRows + r * wide, Q * wide, own.SharedOutputs + r * width, width,
                Math.Min(Rows, rows - r), width, rows - r, add: false);
        ScanSlopes.AddTurned(own.SharedOutputs, width, own.ToIn, Q, rows, S, p->ToIn + at, step);
    }

    private static void Clear(float* from, long count) => new Span<float>(from, (int)count).Clear();
}
