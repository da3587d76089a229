using Espalier.Torch.Mamba.Scan;
using static Espalier.Torch.Kernels.Scratch;

namespace Espalier.Torch.Delta;

/// <summary>Scratch of a thread on the way back through a gated delta rule.</summary>
internal readonly unsafe struct DeltaScratch
{
    private const long Q = ScanProblem.Chunk;

    /// <summary>Of each head: states at the beginnings of chunks, and the gradient of what comes out of a chunk, in panels.</summary>
    public readonly float* States, Slopes;

    /// <summary>Of each head and chunk what its tokens write, U, [Q, P].</summary>
    public readonly float* Written;

    /// <summary>Keys and queries of the length that counts, [Q, S], and packed by columns, [Q / wide][S][wide].</summary>
    public readonly float* Keys, Queries, KeyColumns, QueryColumns;

    /// <summary>What a key or query was multiplied by to be one long.</summary>
    public readonly float* KeyRoots, QueryRoots;

    /// <summary>K Kᵀ and Q Kᵀ, their gradients summed over heads, [Q, Q].</summary>
    public readonly float* Among, Scores, ToAmong, ToScores;

    /// <summary>−β L ∘ K Kᵀ and L ∘ Q Kᵀ, and products of what comes back with U, [Q, Q].</summary>
    public readonly float* Taken, Weights, Lower, Inner;

    /// <summary>What the state gives to keys and queries, transposed, [S, Q].</summary>
    public readonly float* ToKeys, ToQueries, Turned;

    /// <summary>The gradient of what is offered, in panels, [P / wide][Q][wide]; the gradient of y too.</summary>
    public readonly float* Offered, SlopeRows;

    /// <summary>The gradient of what is offered, [Q, P].</summary>
    public readonly float* Rows;

    /// <summary>Packed by columns, [Q / wide][P][wide]: U, the gradient of y, and that of what is offered.</summary>
    public readonly float* WrittenColumns, SlopeColumns, OfferedColumns;

    /// <summary>[Q, P] or [Q, S] in whole panels, and keys or queries packed by rows.</summary>
    public readonly float* Outputs, SharedRows;

    /// <summary>Of each token: a, β, the decay to the last one (E) and from before the chunk (F), −β F, and ones.</summary>
    public readonly float* Decays, Betas, Between, Since, Shares, Ones;

    /// <summary>Of each token: what decays over it among the tokens; from the state into it; from it into the state; room.</summary>
    public readonly float* Across, Reads, Writes, Dots;

    /// <summary>P and S, in whole panels.</summary>
    public readonly long Width, StateWidth;

    public DeltaScratch(DeltaProblem* p, long width, long stateWidth)
    {
        (Width, StateWidth) = (width, stateWidth);
        var (heads, size, S, P) = (p->Heads, p->S * width, p->S, p->P);
        var at = Of(
            heads * (p->Chunks + 1) * size + heads * p->Chunks * Q * P + 2 * Q * width + Q * Math.Max(width, stateWidth) + Q * stateWidth
                + 8 * Q * Q + 7 * Q * S + 4 * Q * P + 12 * Q);
        States = Take(ref at, heads * p->Chunks * size);
        Slopes = Take(ref at, heads * size);
        Offered = Take(ref at, Q * width);
        SlopeRows = Take(ref at, Q * width);
        Outputs = Take(ref at, Q * Math.Max(width, stateWidth));
        SharedRows = Take(ref at, Q * stateWidth);
        Among = Take(ref at, Q * Q);
        Scores = Take(ref at, Q * Q);
        ToAmong = Take(ref at, Q * Q);
        ToScores = Take(ref at, Q * Q);
        Taken = Take(ref at, Q * Q);
        Weights = Take(ref at, Q * Q);
        Lower = Take(ref at, Q * Q);
        Inner = Take(ref at, Q * Q);
        Decays = Take(ref at, Q);
        Betas = Take(ref at, Q);
        Between = Take(ref at, Q);
        Since = Take(ref at, Q);
        Shares = Take(ref at, Q);
        Ones = Take(ref at, Q);
        Across = Take(ref at, Q);
        Reads = Take(ref at, Q);
        Writes = Take(ref at, Q);
        Dots = Take(ref at, Q);
        KeyRoots = Take(ref at, Q);
        QueryRoots = Take(ref at, Q);
        Keys = Take(ref at, Q * S);
        Queries = Take(ref at, Q * S);
        KeyColumns = Take(ref at, Q * S);
        QueryColumns = Take(ref at, Q * S);
        ToKeys = Take(ref at, Q * S);
        ToQueries = Take(ref at, Q * S);
        Turned = Take(ref at, Q * S);
        WrittenColumns = Take(ref at, Q * P);
        SlopeColumns = Take(ref at, Q * P);
        OfferedColumns = Take(ref at, Q * P);
        Rows = Take(ref at, Q * P);
        Written = Take(ref at, heads * p->Chunks * Q * P);
        new Span<float>(Ones, (int)Q).Fill(1);
    }
}
