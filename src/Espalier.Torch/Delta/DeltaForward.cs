using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

/// <summary>
/// The gated delta rule in chunks (arXiv 2412.06464, section 3.3; 2406.06484, section 3). What the tokens of a chunk write, U, depends on
/// what those before them wrote: (I + β L ∘ K Kᵀ below the diagonal) U = β (V − F K H), L the decays between two tokens, F those from
/// before the chunk and H the state there. Solved row by row in blocks, of which all but eight rows is a product, it needs no inverse. Then
/// y = F Q H + (L ∘ Q Kᵀ) U, and the next state a H + (E K)ᵀ U with E the decays to the chunk's end. Decays are products of those of the
/// tokens between, so that none is lost in a difference of sums. A task is a few heads of a sample: its order of sums is its own, so that
/// the number of threads does not show.
/// </summary>
internal static unsafe class DeltaForward
{
    private const long Q = ScanProblem.Chunk, Rows = 8;

    public static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var p = (DeltaProblem*)context;
        var own = new Own(p, Tile.Up<TV>(p->P));
        for (var task = first; task < last; task++)
        {
            var (block, g, b) = (task % p->Blocks, task / p->Blocks % p->G, task / p->Blocks / p->G);
            var head = g * p->Group + block * DeltaProblem.MostHeads;
            Heads<TV>(p, b, g, head, Math.Min(DeltaProblem.MostHeads, (g + 1) * p->Group - head), own);
        }
    }

    private static void Heads<TV>(DeltaProblem* p, long b, long g, long first, long heads, in Own own) where TV : unmanaged, IFloats<TV>
    {
        var size = p->S * own.Width;
        for (var h = 0L; h < heads; h++)
            if (p->State != null)
                Panels.OfRows<TV>(p->State + (b * p->M + first + h) * p->S * p->P, p->P, p->S, p->P, p->S, own.States + h * size);
            else
                new Span<float>(own.States + h * size, (int)size).Clear();
        for (var t = 0L; t < p->T; t += Q)
        {
            var rows = Math.Min(Q, p->T - t);
            UnitRows.Forward<TV>(p->Key(b, t, g), p->Keys.Step, rows, p->S, 1, own.Keys, null);
            UnitRows.Forward<TV>(p->Query(b, t, g), p->Queries.Step, rows, p->S, p->Scale, own.Queries, null);
            Panels.OfColumns<TV>(own.Keys, p->S, rows, p->S, own.Columns);
            DeltaParts.Scores<TV>(own.Keys, own.Columns, rows, p->S, own.Among);
            DeltaParts.Scores<TV>(own.Queries, own.Columns, rows, p->S, own.Scores);
            for (var h = 0L; h < heads; h++)
                Chunk<TV>(p, b, first + h, t, rows, own.States + h * size, own);
        }
        if (p->State != null)
            for (var h = 0L; h < heads; h++)
                ScanParts.Unpack<TV>(own.States + h * size, p->S, p->P, p->State + (b * p->M + first + h) * p->S * p->P);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chunk<TV>(DeltaProblem* p, long b, long m, long t, long rows, float* state, in Own own)
        where TV : unmanaged, IFloats<TV>
    {
        var (width, wide, S, P) = (own.Width, Tile.Wide<TV>(), p->S, p->P);
        var before = t == 0 && p->State == null ? null : state;
        DeltaParts.Tokens(p, b, m, t, rows, own.Decays, own.Betas);
        DeltaParts.Weights<TV>(own.Among, own.Scores, own.Decays, own.Betas, rows, own.Between, own.Since, own.Taken, own.Weights);
        DeltaParts.Offered<TV>(
            p->Value(b, t, m), p->Values.Step, own.Keys, before, (rows, P, S, width), own.Betas, own.Since, own.Outputs, own.Writes);
        DeltaParts.Solve<TV>(own.Taken, own.Writes, rows, width);
        if (before == null)
            new Span<float>(own.Outputs, (int)(rows * width)).Clear();
        else
        {
            Tile.Multiply<TV>(own.Queries, S, 1, state, S * wide, own.Outputs, width, rows, width, S, add: false);
            for (var i = 0L; i < rows; i++)
                ScanParts.Scale<TV>(own.Outputs + i * width, width, own.Since[i]);
        }
        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            Tile.Multiply<TV>(
                own.Weights + r * Q, Q, 1, own.Writes, Q * wide, own.Outputs + r * width, width, some, width, r + some, add: true);
        }
        for (var i = 0L; i < rows; i++)
            new Span<float>(own.Outputs + i * width, (int)P).CopyTo(new(p->Output + p->Row(b, t + i, m), (int)P));
        if (t + rows < p->T || p->State != null)
            DeltaParts.Advance<TV>(own.Keys, rows, own.Since[rows - 1], own.Between, own.Writes, state, S, width);
    }

    // Scratch of a thread.
    private readonly struct Own
    {
        public readonly float* States, Keys, Queries, Columns, Among, Scores, Taken, Weights, Writes, Outputs;
        public readonly float* Decays, Betas, Between, Since;
        public readonly long Width;

        public Own(DeltaProblem* p, long width)
        {
            var (heads, S) = (p->Heads, p->S);
            Width = width;
            States = Scratch.Of(heads * S * width + 3 * Q * S + 4 * Q * Q + 2 * Q * width + 4 * Q);
            Writes = States + heads * S * width;
            Outputs = Writes + Q * width;
            Among = Outputs + Q * width;
            Scores = Among + Q * Q;
            Taken = Scores + Q * Q;
            Weights = Taken + Q * Q;
            Decays = Weights + Q * Q;
            Betas = Decays + Q;
            Between = Betas + Q;
            Since = Between + Q;
            Columns = Since + Q;
            Keys = Columns + Q * S;
            Queries = Keys + Q * S;
        }
    }
}
