using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>
/// The selective scan of Mamba-2 (arXiv 2405.21060, section 6), H = a H + dt B x and y = C H + D x with a state H of S numbers a channel,
/// in chunks: what tokens of a chunk give to one another goes by products, M X with M = L ∘ C Bᵀ and L the decays between two tokens, and
/// what came before by the state. Decays are products of those of the tokens between, so that none is lost in a difference of sums. A task
/// is a few heads of a sample: its order of sums is its own, so that the number of threads does not show.
/// </summary>
internal static unsafe class ScanForward
{
    private const long Q = ScanProblem.Chunk, Rows = 8;

    public static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var p = (ScanProblem*)context;
        var own = new Own(p, Tile.Up<TV>(p->P));
        for (var task = first; task < last; task++)
        {
            var (block, g, b) = (task % p->Blocks, task / p->Blocks % p->G, task / p->Blocks / p->G);
            var head = g * p->Group + block * ScanProblem.MostHeads;
            Heads<TV>(p, b, g, head, Math.Min(ScanProblem.MostHeads, (g + 1) * p->Group - head), own);
        }
    }

    private static void Heads<TV>(ScanProblem* p, long b, long g, long first, long heads, in Own own) where TV : unmanaged, IFloats<TV>
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
            ScanParts.Scores<TV>(p, b, g, t, rows, own.InColumns, own.Scores);
            for (var h = 0L; h < heads; h++)
                Chunk<TV>(p, b, g, first + h, t, rows, own.States + h * size, own);
        }
        if (p->State != null)
            for (var h = 0L; h < heads; h++)
                ScanParts.Unpack<TV>(own.States + h * size, p->S, p->P, p->State + (b * p->M + first + h) * p->S * p->P);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chunk<TV>(ScanProblem* p, long b, long g, long m, long t, long rows, float* state, in Own own)
        where TV : unmanaged, IFloats<TV>
    {
        var (width, wide, S, P) = (own.Width, Tile.Wide<TV>(), p->S, p->P);
        ScanParts.Steps(p, b, m, t, rows, own.Steps, own.Decays);
        Panels.OfRows<TV>(p->X(b, t, m), p->Input.Step, rows, P, Q, own.XRows);
        ScanParts.Weights<TV>(own.Scores, own.Steps, own.Decays, rows, own.Between, own.Weights, own.Since);
        if (t == 0 && p->State == null)
            new Span<float>(own.Outputs, (int)(rows * width)).Clear();
        else
        {
            Tile.Multiply<TV>(p->OutOf(b, t, g), p->Out.Step, 1, state, S * wide, own.Outputs, width, rows, width, S, add: false);
            for (var i = 0L; i < rows; i++)
                ScanParts.Scale<TV>(own.Outputs + i * width, width, own.Since[i]);
        }
        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            Tile.Multiply<TV>(
                own.Weights + r * Q, Q, 1, own.XRows, Q * wide, own.Outputs + r * width, width, some, width, r + some, add: true);
        }
        for (var i = 0L; i < rows; i++)
            ScanParts.AddScaled<TV>(own.Outputs + i * width, p->X(b, t + i, m), p->Skip[m], P, p->Output + p->Row(b, t + i, m));
        if (t + rows < p->T || p->State != null)
            ScanParts.Advance<TV>(p, b, g, t, rows, own.Since[rows - 1], own.Between, own.Steps, own.XRows, state, width);
    }

    // Scratch of a thread.
    private readonly struct Own
    {
        public readonly float* States, InColumns, Scores, Weights, XRows, Outputs, Steps, Decays, Between, Since;
        public readonly long Width;

        public Own(ScanProblem* p, long width)
        {
            Width = width;
            States = Scratch.Of(ScanProblem.MostHeads * p->S * width + Q * p->S + 2 * Q * Q + 2 * Q * width + 4 * Q);
            InColumns = States + ScanProblem.MostHeads * p->S * width;
            Scores = InColumns + Q * p->S;
            Weights = Scores + Q * Q;
            XRows = Weights + Q * Q;
            Outputs = XRows + Q * width;
            Steps = Outputs + Q * width;
            Decays = Steps + Q;
            Between = Decays + Q;
            Since = Between + Q;
        }
    }
}
