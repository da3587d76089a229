using static Espalier.Torch.Kernels.Scratch;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>Scratch of a thread on the way back through a scan.</summary>
internal readonly unsafe struct ScanScratch
{
    private const long Q = ScanProblem.Chunk;

    /// <summary>States at the beginnings of chunks of each head, and the gradients of what comes out of a chunk, in panels.</summary>
    public readonly float* States, Slopes;

    /// <summary>B and C packed by columns, [Q / wide][S][wide].</summary>
    public readonly float* InColumns, OutColumns;

    /// <summary>C Bᵀ, its gradient, W and M, [Q, Q].</summary>
    public readonly float* Scores, ToScores, Inner, Weights;

    /// <summary>What the state gives to B and to C, transposed, [S, Q].</summary>
    public readonly float* ToIn, ToOut, Turned;

    /// <summary>x and the gradient of y packed by columns, [Q / wide][P][wide], and by rows, [P / wide][Q][wide].</summary>
    public readonly float* XColumns, SlopeColumns, XRows, SlopeRows;

    /// <summary>[Q, P], in whole panels.</summary>
    public readonly float* Outputs;

    /// <summary>B or C packed by rows, and a product with it.</summary>
    public readonly float* SharedRows, SharedOutputs;

    /// <summary>Of each token: dt, a, the decay to the last one (E) and from before the chunk (F), E dt.</summary>
    public readonly float* Steps, Decays, Between, Since, Shares;

    /// <summary>
    /// Of each token: what decays over it among the tokens; the gradient of its step but for decays; what the state gives to its output,
    /// times that one's gradient; and E x · Z.
    /// </summary>
    public readonly float* Across, Direct, Reads, Writes;

    /// <summary>P and S, in whole panels.</summary>
    public readonly long Width, StateWidth;

    public ScanScratch(ScanProblem* p, long width, long stateWidth)
    {
        (Width, StateWidth) = (width, stateWidth);
        var (size, S, P) = (p->S * width, p->S, p->P);
        var at = Of(
            ScanProblem.MostHeads * (p->Chunks + 1) * size + 5 * Q * S + 4 * Q * Q + 2 * Q * P + 3 * Q * width + 2 * Q * stateWidth + 9
                * Q);
        States = Take(ref at, ScanProblem.MostHeads * p->Chunks * size);
        Slopes = Take(ref at, ScanProblem.MostHeads * size);
        XRows = Take(ref at, Q * width);
        SlopeRows = Take(ref at, Q * width);
        Outputs = Take(ref at, Q * width);
        SharedRows = Take(ref at, Q * stateWidth);
        SharedOutputs = Take(ref at, Q * stateWidth);
        Scores = Take(ref at, Q * Q);
        ToScores = Take(ref at, Q * Q);
        Inner = Take(ref at, Q * Q);
        Weights = Take(ref at, Q * Q);
        InColumns = Take(ref at, Q * S);
        OutColumns = Take(ref at, Q * S);
        ToIn = Take(ref at, S * Q);
        ToOut = Take(ref at, S * Q);
        Turned = Take(ref at, S * Q);
        XColumns = Take(ref at, Q * P);
        SlopeColumns = Take(ref at, Q * P);
        Steps = Take(ref at, Q);
        Decays = Take(ref at, Q);
        Between = Take(ref at, Q);
        Since = Take(ref at, Q);
        Shares = Take(ref at, Q);
        Across = Take(ref at, Q);
        Direct = Take(ref at, Q);
        Reads = Take(ref at, Q);
        Writes = Take(ref at, Q);
    }
}
